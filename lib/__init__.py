"""Workflow Event Catalog: domain and data access. Nothing in here but lib.ui knows Streamlit."""
