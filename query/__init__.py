"""Turns a query into a page: understanding, retrieval, fusion, completion, rerank, page."""
