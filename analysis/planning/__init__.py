"""What a study of a model will take, before anything is downloaded or run."""
