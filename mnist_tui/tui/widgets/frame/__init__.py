"""What every screen has: title bar, key bar, panels, notices."""
