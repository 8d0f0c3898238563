# What takes too long for `make check`: it runs in check-long.

load ../cli/boards
load ../cli/hubs
load ../cli/sweeps

more_setup() {
	provision_setup
}

all_of_a_hub='hub-500 hub-429 hub-401 hub-html hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill hub-interrupt'

@test "provision: a refused or unanswered transfer, for each n" {
	provision_sweep 'stall timeout' last
}

@test "provision: killed or interrupted at transfer n, for each n" {
	provision_sweep 'kill interrupt' last
}

@test "provision: the power fails at transfer n, and again in the repeat, for each n" {
	provision_sweep 'power+power kill+power' last
}

@test "provision a blank board: the power fails or it is killed at transfer n, and in the repeat" {
	provision_sweep 'power kill power+power kill+power' blank
}

@test "provision --auth x509: the power fails or the run is killed at transfer n, for each n" {
	provision_sweep 'power kill' last --auth x509
}

@test "provision --auth dps: the power fails or the run is killed at transfer n, for each n" {
	head -c 32 /dev/urandom | base64 >group.key
	provision_sweep 'power kill' last --auth dps --id-scope 0ne1 --group-key-file group.key
}

@test "provision --store otp: a refused or unanswered transfer, for each n" {
	provision_sweep 'stall timeout' fresh --store otp --burn "$(serial)"
}

@test "provision --store otp: killed or interrupted at transfer n, or off the bus, for each n" {
	provision_sweep 'kill interrupt disconnect' fresh --store otp --burn "$(serial)"
}

@test "provision --store otp: the power fails at transfer n, and again in the repeat, for each n" {
	provision_sweep 'power+power kill+power' fresh --store otp --burn "$(serial)"
}

@test "provision --store otp: request n fails in every way, for each n" {
	provision_sweep "$all_of_a_hub" fresh --store otp --burn "$(serial)"
}

@test "provision --store otp --auth x509: the power fails or the run is killed, for each n" {
	provision_sweep 'power kill' fresh --store otp --auth x509 --burn "$(serial)"
}

@test "provision --lock: everything that can happen at transfer n, for each n" {
	provision_sweep 'power kill interrupt disconnect stall timeout' fresh --lock
}

@test "provision --lock: the power fails at transfer n, and again in the repeat, for each n" {
	provision_sweep 'power+power kill+power' fresh --lock
}

@test "provision --store otp --lock: the power fails or the run is killed, for each n" {
	provision_sweep 'power kill' fresh --store otp --lock --burn "$(serial)"
}
