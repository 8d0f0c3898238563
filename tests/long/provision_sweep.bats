# What takes too long for `make check`: it runs in check-long.

load ../cli/boards
load ../cli/hubs
load ../cli/provision_sweep

@test "provision: a refused or unanswered transfer, for each n" {
	sweep 'stall timeout' 0
}

@test "provision: killed or interrupted at transfer n, for each n" {
	sweep 'kill interrupt' 0
}

@test "provision --auth x509: the power fails or the run is killed at transfer n, for each n" {
	sweep 'power kill' 0 --auth x509
}

@test "provision --store otp: killed or refused at transfer n, for each n" {
	sweep 'kill stall' 1 --store otp --burn "$(serial)"
}

@test "provision --lock: the power fails or the run is killed at transfer n, for each n" {
	sweep 'power kill' 1 --lock
}
