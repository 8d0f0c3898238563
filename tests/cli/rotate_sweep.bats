load boards
load hubs
load sweeps

more_setup() {
	rotate_setup
}

@test "rotate: the power fails at transfer n, for each n" {
	rotate_sweep 'power'
}

@test "rotate: killed or interrupted at transfer n, for each third n" {
	rotate_sweep 'kill/3 interrupt/3'
}

@test "rotate: request n fails in every way, for each n" {
	rotate_sweep 'hub-500 hub-401 hub-html hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill'
}

@test "rotate, with a certificate: request n fails in every way, for each n" {
	rotate_sweep 'hub-500 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' --auth x509
}

@test "rotate, with a certificate: the power fails at transfer n, for each eighth n" {
	rotate_sweep 'power/8' --auth x509
}

@test "rotate, with a root in OTP: the power fails or it is killed at transfer n, for each eighth n" {
	rotate_sweep 'power/8 kill/8' --store otp --burn "$(serial)"
}
