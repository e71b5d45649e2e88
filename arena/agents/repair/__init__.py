"""A search-based program repair agent: `python -m arena.agents.repair --worktree DIR --python PATH`.

It runs the tests, ranks statements by how far failing tests execute them more than passing ones (Ochiai), tries
small changes of the syntax tree there, most promising first, and commits the first one with which all failing
tests pass and none that passed before fails. A program of its own: standard library, and coverage if there is one.

The family of method is generate-and-validate by mutation: Debroy & Wong, "Using mutation to automatically
suggest fixes for faulty programs" (ICST 2010); jMutRepair in Astor (Martinez & Monperrus, ISSTA 2016); PraPR
(Ghanbari, Benton & Zhang, ISSTA 2019), from which the plain mutators, the search without a genetic part and the
order by suspiciousness are taken.
"""
