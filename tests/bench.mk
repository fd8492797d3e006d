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

# ci: bench-smoke
# Beside the floor and peers, in turns: 20 minutes, ROUNDS=5; tests/bench/results.json, results.svg, and README's table. QUICK=1: a
# smoke run of half a minute that changes nothing here.
bench:
	@sh tests/setup.sh bench || echo 'note: what is not here is left out'
	@python3 tests/bench/bench.py $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),--only $(ONLY))
	@$(if $(QUICK)$(ONLY),:,python3 tests/bench/readme.py)

bench-smoke:
	@python3 tests/bench/readme.py --check
	@$(MAKE) --no-print-directory -s bench QUICK=1

# README's and the manual's figures, from tests/bench/results.json and targets.tsv
bench-readme:
	@python3 tests/bench/readme.py

.PHONY: bench-gate size profile bench bench-smoke bench-readme
