"""From a drawing to PyTorch: shapes and problems (`resolve`), the module (`lower`). Torch is imported when needed."""
