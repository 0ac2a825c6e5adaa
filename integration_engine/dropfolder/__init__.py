"""Drop folders: files that partners lay down, each taken once and answered beside it."""
