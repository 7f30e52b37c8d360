"""The start of the dashboard's server, whose pages are in dashboard/."""
