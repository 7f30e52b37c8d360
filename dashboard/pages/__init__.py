"""The pages, as Streamlit shows them. They read nothing themselves: `dashboard.sources` does."""
