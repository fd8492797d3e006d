# Figures that repeat (instructions, bytes, system calls) against tests/bench/targets.tsv: a row that grew by more than 2 % fails.
# UPDATE=1 records what is; ROWS="instr.m600 size." takes only the rows that begin so.
# ci: bench-gate
bench-gate:
	@python3 tests/bench/gate.py gate $(if $(UPDATE),--update) $(ROWS)

size:
	@python3 tests/bench/gate.py gate $(if $(UPDATE),--update) size.

# make profile WHAT=m600 [LINES=1]: instructions per message, function by function (m4k m600 call audio seg4k tokens idle; m4k/portable)
profile:
	@python3 tests/bench/gate.py profile $(or $(WHAT),m600) $(if $(LINES),--lines)

.PHONY: bench-gate size profile
