"""The gates of the rendered book: a headless browser opens every page and says what is wrong with it."""
