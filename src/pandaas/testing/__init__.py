"""The testing kit: conformance suites, fakes with fault injection, strategies, simulators. Never imported at run time."""
