"""Pictures of digits as people take them, made here: for quick tests and for the campaign of docs/pictures.md."""
