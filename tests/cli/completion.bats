load hubs

# complete_bash WORD...: what bash offers for the last of them
complete_bash() {
	# shellcheck disable=SC2016
	bash -c 'set -u
		source <(stmiot completion bash)
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_WORDBREAKS=$'"' \t\n\"><=;|&(:'"'
		set +u
		_stmiot
		printf "%s\n" "${COMPREPLY[@]}"' bash stmiot "$@"
}

complete_fish() {
	fish -c "stmiot completion fish | source; complete -C'stmiot $*'" | cut -f 1
}

complete_zsh() {
	# Outside the line editor compadd has nothing to add to: look at what it would take.
	# shellcheck disable=SC2016
	zsh -f -c 'autoload -U compinit
		compinit -u -D
		source <(stmiot completion zsh)
		compadd() { print -rl -- ${(M)choices:#$cur*} }
		compset() { }
		words=(stmiot "$@") CURRENT=$(($# + 1))
		_stmiot' zsh "$@"
}

@test "bash loads it without a word, and shellcheck has nothing against it" {
	run -0 bash -c 'set -eu; source <(stmiot completion bash)'
	output_is ""
	if command -v shellcheck; then
		stmiot completion bash >completion.bash
		run -0 shellcheck -s bash completion.bash
	fi
}

@test "bash: commands, verbs, options, choices" {
	run -0 complete_bash fl
	output_is flash
	run -0 complete_bash -b x ver
	output_is $'verify\nversion'
	run -0 complete_bash udev re
	output_is remove
	run -0 complete_bash image --form
	output_is --format
	run -0 complete_bash sim up --time ""
	output_is $'real\nnone'
	run -0 complete_bash sim up --time = n
	output_is none
	run -0 complete_bash help comp
	output_is completion
	run -0 complete_bash --js
	output_is --json
}

# An option behind a verb that it does not go with is refused: so it is not offered there.
@test "options of a verb" {
	command -v fish zsh || skip "there is no fish or no zsh"
	local shell
	for shell in bash zsh fish; do
		run -0 "complete_$shell" device create --dis
		output_is --disabled
		run -0 "complete_$shell" device --wat
		output_is --watch
		for words in "device show --wat" "device show --dis" "flash --dis" "device twin --dis" "udev check --re"; do
			# shellcheck disable=SC2086 # words
			run -0 "complete_$shell" $words
			output_is ""
		done
		run -0 "complete_$shell" device show --show
		output_is --show-keys
		run -0 "complete_$shell" device show --js
		output_is --json
	done
}

@test "bash: files" {
	touch "one file.bin" other
	run -0 complete_bash image info one
	output_is "one file.bin"
}

@test "bash: virtual boards" {
	stmiot sim up --no-hub --boards 2 --time none >/dev/null
	run -0 complete_bash sim reset ""
	output_is $'b0\nb1'
	run -0 complete_bash sim up ""
	output_is ""
	run -0 complete_bash info -b sim : b
	output_is $'b0\nb1'
}

# completes PREFIX EXPECTED: what each shell offers behind the words PREFIX
completes() {
	# shellcheck disable=SC2086 # words
	run -0 complete_bash $1 ""
	output_is "$2"
	# shellcheck disable=SC2086
	run -0 complete_zsh $1 ""
	output_is "$2"
	run -0 complete_fish "$1 "
	output_is "$2"
}

@test "hubs and devices, of the hub that the line names" {
	command -v fish zsh || skip "there is no fish or no zsh"
	hub_up
	stmiot device create dev-1 >/dev/null
	stmiot device create dev-2 >/dev/null
	hub_add off --connect-to 127.0.0.1:1 --connection-string-file hub/connection-string
	completes "hub use" $'h\noff'
	completes "--hub" $'h\noff'
	for words in "device show" "device call" "provision" "token --device"; do
		completes "$words" $'dev-1\ndev-2'
		completes "--hub h $words" $'dev-1\ndev-2'
		completes "--hub off $words" ""
		completes "--hub=off $words" ""
	done
	for words in "device create" "device list" "device call dev-1" "provision dev-1" "hub add"; do
		completes "$words" ""
	done
	run -0 complete_bash device show dev-2
	output_is dev-2
}

@test "what a device is called is not run" {
	command -v fish zsh || skip "there is no fish or no zsh"
	hub_up
	# shellcheck disable=SC2016
	stmiot device create '$(id)' >/dev/null
	stmiot device create "it's*" >/dev/null
	run -0 complete_bash device show ""
	output_is $'\\$\\(id\\)\nit\\\'s\\*'
	run -0 complete_bash device show it
	output_is "it\\'s\\*"
	run -0 complete_zsh device show ""
	output_is $'$(id)\nit\'s*'
	run -0 complete_fish "device show "
	output_is $'$(id)\nit\'s*'
}

@test "fish" {
	command -v fish || skip "there is no fish"
	run -0 fish -c 'stmiot completion fish | source'
	output_is ""
	run -0 complete_fish fl
	output_is flash
	run -0 complete_fish -b x ver
	output_is $'verify\nversion'
	run -0 complete_fish udev ""
	output_is $'check\ninstall\nprint\nremove'
	run -0 complete_fish image --form
	output_is --format
	run -0 complete_fish sim up --time ""
	output_is $'none\nreal'
}

@test "zsh" {
	command -v zsh || skip "there is no zsh"
	run -0 zsh -f -c 'autoload -U compinit; compinit -u -D; source <(stmiot completion zsh)'
	output_is ""
	run -0 complete_zsh fl
	has "$output" flash
	run -0 complete_zsh udev ""
	output_is $'print\ninstall\nremove\ncheck'
	run -0 complete_zsh image --form
	has "$output" --format
	run -0 complete_zsh sim up --time ""
	output_is $'real\nnone'
}

@test "an unknown shell" {
	run -2 --separate-stderr stmiot completion tcsh
	has "$stderr" "completion tcsh: it is one of bash|zsh|fish"
}
