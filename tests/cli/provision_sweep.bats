load boards
load hubs
load provision_sweep

@test "provision: the board leaves the bus or loses its power at transfer n, for each n" {
	sweep 'disconnect power' 0
}

@test "provision: request n fails in every way, for each n" {
	sweep 'hub-500 hub-429 hub-401 hub-html hub-garbage hub-drop hub-lose hub-cut hub-dead' 0
}

@test "provision --auth x509: request n fails in every way, for each n" {
	sweep 'hub-500 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead' 0 --auth x509
}

@test "provision, with the device there already: request n fails, for each n" {
	sweep 'hub-500 hub-429 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead' there
}

@test "provision --auth x509, with the device there already: request n fails, for each n" {
	sweep 'hub-500 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead' there --auth x509
}

@test "provision --store otp: the power fails at transfer n, for each n" {
	sweep 'power' 1 --store otp --burn "$(serial)"
}

@test "provision --store otp: request n fails, for each n" {
	sweep 'hub-500 hub-lose hub-dead' 1 --store otp --burn "$(serial)"
}
