"""What `book/run.py` is made of: chapters and parameters in, executed notebooks and a rendered book out."""
