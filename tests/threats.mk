# ci: threats
# Has every case of the threat model a test that exists, and does a sample of them notice when the case comes about?
threats:
	@/usr/bin/python3 tests/threats.py

.PHONY: threats
