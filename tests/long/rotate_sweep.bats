load ../cli/boards
load ../cli/hubs
load ../cli/sweeps

more_setup() {
	rotate_setup
}

@test "rotate: everything that can happen at transfer n, for each n" {
	rotate_sweep 'power kill interrupt disconnect stall timeout'
}

@test "rotate: it is cut off at transfer n, and the power fails in the repeat, for each n" {
	rotate_sweep 'power+power kill+power'
}

@test "rotate, with a certificate: everything that can happen at transfer n, for each n" {
	rotate_sweep 'power kill interrupt disconnect stall timeout' --auth x509
}

@test "rotate, with a root in OTP: everything that can happen at transfer n, for each n" {
	rotate_sweep 'power kill interrupt disconnect stall timeout' --store otp --burn "$(serial)"
}
