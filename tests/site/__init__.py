"""The documents as a site: a hook of mkdocs, and what is checked of the built pages."""
