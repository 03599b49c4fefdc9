"""The files of an index: documents, metadata of releases and wheels, fetched over a transport."""
