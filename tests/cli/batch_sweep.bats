load boards
load hubs
load sweeps

more_setup() {
	batch_setup
}

@test "--batch: one board loses its power at transfer n, for each n" {
	batch_sweep 'power' last
}

@test "--batch: killed or interrupted at transfer n of one board, for each fourth n" {
	batch_sweep 'kill/4 interrupt/4' last
}

@test "--batch: request n fails in every way, for each n" {
	batch_sweep 'hub-500 hub-429 hub-401 hub-html hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' last
}

@test "--batch, some devices there already: request n fails in every way, for each n" {
	batch_sweep 'hub-500 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' there
}

@test "--batch --auth x509, some devices there already: request n fails, for each n" {
	batch_sweep 'hub-500 hub-401 hub-garbage hub-drop hub-lose hub-cut hub-dead hub-kill' there --auth x509
}
