# ci: prove prove-selftest
# Proofs by Frama-C that the rooms below CONN (but VERB and MSG) stay inside their memory. ONLY= names one harness.
prove:
	@command -v frama-c > /dev/null || { export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && \
		apt-get -qq -y --no-install-recommends install frama-c-base; } > /dev/null 2>&1 || \
		{ echo 'The proofs need Frama-C. Type:  sudo apt-get install frama-c-base'; exit 1; }
	@sh tests/prove.sh $(ONLY)

# Does the prover notice what is broken?
prove-selftest:
	@sh tests/prove.sh --selftest

.PHONY: prove prove-selftest
