"""Workflow Event Catalog: domain and data access. Nothing in here but lib.ui knows Streamlit.

README's “Where things are” says which pages, statements and tests belong to each package, and which package imports
which. The latter is held by `make lint`.
"""
