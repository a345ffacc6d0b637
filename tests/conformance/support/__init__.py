"""What the conformance suites share: the server process, its log, git ids, plain HTTP."""
