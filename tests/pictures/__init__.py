"""Pictures of digits as people take them, made here: for the quick tests and for the campaign behind docs/pictures.md."""
