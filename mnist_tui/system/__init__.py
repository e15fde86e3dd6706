"""The operating system as the program needs it: folders, atomic files, locks, processors. No torch."""
