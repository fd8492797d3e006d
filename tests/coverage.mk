# ci: coverage
coverage:
	@sh tests/coverage.sh

# the same with the decisions of the parsers: each condition shown to change the outcome by itself
mcdc:
	@MCDC=1 sh tests/coverage.sh

.PHONY: coverage mcdc
