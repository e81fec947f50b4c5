"""Networks that others have trained and saved with Keras, old or new: read as numbers, never run as code.

``file_format`` opens a file, ``layers`` says which layers may stand in it, ``graph`` builds the network anew in code, and
``legacy_weights`` and ``zip_weights`` put the stored numbers into it. ``faceqnet`` and ``pair`` are what is scored with.
"""
