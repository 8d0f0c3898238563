load boards
load hubs
load sweeps

more_setup() {
	provision_setup
}

@test "provision: the board leaves the bus or loses its power at transfer n, for each n" {
	provision_sweep 'disconnect power' last
}

@test "provision: request n fails in every way, for each n" {
	provision_sweep 'hub-500 hub-429 hub-401 hub-html hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' last
}

@test "provision --auth x509: request n fails in every way, for each n" {
	provision_sweep 'hub-500 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' last --auth x509
}

@test "provision, with the device there already: request n fails, for each n" {
	provision_sweep 'hub-500 hub-429 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' there
}

@test "provision --auth x509, with the device there already: request n fails, for each n" {
	provision_sweep 'hub-500 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' there --auth x509
}

@test "provision: killed at transfer n, for each n" {
	provision_sweep 'kill' last
}

@test "provision: a refused or unanswered transfer, for each sixteenth n" {
	provision_sweep 'stall/16 timeout/16' last
}

@test "provision --store otp: the power fails at transfer n, for each n" {
	provision_sweep 'power' fresh --store otp --burn "$(serial)"
}

@test "provision --store otp: killed at transfer n, for each n" {
	provision_sweep 'kill' fresh --store otp --burn "$(serial)"
}

@test "provision --store otp: off the bus, refused or unanswered at transfer n, for some n" {
	provision_sweep 'disconnect/4 stall/16 timeout/16' fresh --store otp --burn "$(serial)"
}

@test "provision --store otp: request n fails in every way, for each n" {
	provision_sweep 'hub-500 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' fresh \
		--store otp --burn "$(serial)"
}

@test "provision --lock: the power fails at transfer n, for each n" {
	provision_sweep 'power' fresh --lock
}

@test "provision --lock: killed at transfer n, for each n" {
	provision_sweep 'kill' fresh --lock
}
