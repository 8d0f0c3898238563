load ../cli/boards
load ../cli/hubs
load ../cli/sweeps

more_setup() {
	batch_setup
}

@test "--batch: everything that can happen at transfer n of one board, for each n" {
	batch_sweep 'power kill interrupt disconnect stall timeout' last
}

@test "--batch: it is cut off at transfer n of one board, and again in the repeat, for each n" {
	batch_sweep 'power+power kill+power' last
}

@test "--batch --auth x509: one board loses its power or it is killed at transfer n, for each n" {
	batch_sweep 'power kill' last --auth x509
}

@test "--batch, some devices there already: it is killed at transfer n of one board, for each n" {
	batch_sweep 'kill' there
}

@test "--batch --store otp: one board loses its power or it is killed at transfer n, for each n" {
	burn=$(stmiot list --json | jq -r '.[] | "--burn " + .serial')
	# shellcheck disable=SC2086 # words
	batch_sweep 'power kill' fresh --store otp $burn
}

@test "--batch --lock: one board loses its power or it is killed at transfer n, for each n" {
	batch_sweep 'power kill' fresh --lock
}
