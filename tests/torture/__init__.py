"""Campaigns that try to break it: hundreds of kills, hostile files and servers. Run by `make torture`."""
