/*
 * Completions for three shells, from the tables of commands and options. They know where
 * the command and its verb are, which options have values, and what the values are.
 */
#include "commands.h"

#include <stdio.h>
#include <string.h>

const struct opt completion_options[] = {
	{ 0 },
};

static const char names_of_boards[] =
	"stmiot list --no-color 2>/dev/null | sed -n '2,$s/ .*//p'";
static const char names_of_sims[] =
	"stmiot sim status --json 2>/dev/null | "
	"sed -n 's/.*\"name\":[[:space:]]*\"\\([^\"]*\\)\".*/\\1/p'";

static const char names_of_hubs[] =
	"stmiot hub list --json 2>/dev/null | "
	"sed -n 's/.*\"name\":[[:space:]]*\"\\([^\"]*\\)\".*/\\1/p'";
/* Of the hub that the line names. Whoever presses TAB waits neither longer nor again. */
#define NAMES_OF_DEVICES(hub)                                                            \
	"STMIOT_TIMEOUT_MS=2000 stmiot " hub                                             \
	" --no-retry device list --json 2>/dev/null | "                                  \
	"sed -n 's/.*\"id\":[[:space:]]*\"\\([^\"]*\\)\".*/\\1/p'"

/* What `complete` of an option or a command stands for, but files and commands. */
static const struct source {
	const char *what, *line, *function, *fish_line;
} sources[] = {
	{ "board", names_of_boards, "__stmiot_boards", names_of_boards },
	{ "sim", names_of_sims, "__stmiot_sims", names_of_sims },
	{ "hub", names_of_hubs, "__stmiot_hubs", names_of_hubs },
	{ "device", NAMES_OF_DEVICES("${hub:+\"--hub=$hub\"}"), "__stmiot_devices",
	  NAMES_OF_DEVICES("(__stmiot_hub)") },
};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))

/* Verbs behind which nothing that exists is named. */
static const char *const nameless[] = { "sim up", "hub add", "hub list", "device list",
					"device create" };
#define NAMELESS (sizeof(nameless) / sizeof(nameless[0]))

static const struct source *source_of(const char *what)
{
	size_t i;

	for (i = 0; what && i < SOURCES; i++)
		if (strcmp(sources[i].what, what) == 0)
			return &sources[i];
	return NULL;
}

/* "a|b|c" as "a b c". */
static void out_words(const char *words)
{
	char word[64];
	size_t i;

	for (i = 0; opts_word(words, i, word, sizeof(word)); i++)
		out("%s%s", i ? " " : "", word);
}

static bool has_value(const struct opt *opt)
{
	return opt->type != OPT_FLAG && opt->type != OPT_COUNT;
}

/* In single quotes, for a POSIX shell or for fish. */
static void out_quoted(const char *text, bool fish)
{
	out("'");
	for (; *text; text++) {
		if (*text == '\'')
			out("%s", fish ? "\\'" : "'\\''");
		else if (fish && *text == '\\')
			out("\\\\");
		else
			out("%c", *text);
	}
	out("'");
}

static void out_command_names(void)
{
	size_t n, i;
	const struct command *all = commands(&n);

	for (i = 0; i < n; i++)
		out("%s%s", i ? " " : "", all[i].name);
}

/* -- what bash and zsh share: functions that say which words there are ------------- */

/* Those for this verb, or all. */
static void shell_option_names(const struct opt *options, const char *verb)
{
	for (; options && options->name; options++) {
		if (verb && !opt_is_for(options, verb))
			continue;
		if (options->letter)
			out("-%c ", options->letter);
		out("--%s ", options->name);
	}
}

/* Rows of a case: "flash --voltage") for a command, *" --board") for the global ones. */
static void shell_value_rows(const char *command, const struct opt *options)
{
	for (; options && options->name; options++) {
		if (!has_value(options))
			continue;
		if (options->letter)
			out("\t\t%s\" -%c\"|", command, options->letter);
		else
			out("\t\t");
		out("%s\" --%s\") ", command, options->name);
		if (options->type == OPT_CHOICE) {
			out("echo '");
			out_words(options->arg);
			out("'");
		} else if (options->complete && strcmp(options->complete, "file") == 0) {
			out("echo @file");
		} else if (source_of(options->complete)) {
			out("%s", source_of(options->complete)->line);
		} else {
			out(":");
		}
		out(" ;;\n");
	}
}

static void shell_value_names(const char *command, const struct opt *options)
{
	for (; options && options->name; options++) {
		if (!has_value(options))
			continue;
		if (options->letter)
			out("\t\t%s\" -%c\") return 0 ;;\n", command, options->letter);
		out("\t\t%s\" --%s\") return 0 ;;\n", command, options->name);
	}
}

static void shell_has_value(void)
{
	size_t n, i;
	const struct command *all = commands(&n);

	out("# Has the option $2 of the command $1 a value?\n"
	    "_stmiot_has_value() {\n\tcase \"$1 $2\" in\n");
	shell_value_names("*", global_options);
	for (i = 0; i < n; i++)
		shell_value_names(all[i].name, all[i].options);
	out("\t\t*) return 1 ;;\n\tesac\n}\n\n");
}

static void shell_values(void)
{
	size_t n, i;
	const struct command *all = commands(&n);

	out("# The values of an option of a command; @file stands for files.\n"
	    "_stmiot_values() {\n\tcase \"$1 $2\" in\n");
	shell_value_rows("*", global_options);
	for (i = 0; i < n; i++)
		shell_value_rows(all[i].name, all[i].options);
	out("\tesac\n}\n\n");
}

static void shell_options(void)
{
	size_t n, i, v;
	const struct command *all = commands(&n);
	char verb[32];

	out("# The options of a command, and of its verb when that is there.\n"
	    "_stmiot_options() {\n\techo '");
	shell_option_names(global_options, NULL);
	out("'\n\tcase \"$1 $2\" in\n");
	for (i = 0; i < n; i++) {
		if (!all[i].options || !all[i].options->name)
			continue;
		for (v = 0; opts_word(all[i].verbs, v, verb, sizeof(verb)); v++) {
			out("\t\t'%s %s') echo '", all[i].name, verb);
			shell_option_names(all[i].options, verb);
			out("' ;;\n");
		}
		out("\t\t'%s '*) echo '", all[i].name);
		shell_option_names(all[i].options, NULL);
		out("' ;;\n");
	}
	out("\tesac\n}\n\n");
}

/* The rows of what a command's arguments may be. */
static void shell_argument_rows(const struct command *command)
{
	const char *complete = command->complete;

	if (command->verbs) {
		out("\t\t\"%s \") echo '", command->name);
		out_words(command->verbs);
		out("' ;;\n");
	}
	if (!complete)
		return;
	/* What has a name is the first argument, or the first behind the verb. */
	out("\t\t\"%s \"%s) ", command->name,
	    source_of(complete) && !command->verbs ? "" : "*");
	if (strcmp(complete, "file") == 0) {
		out("echo @file ;;\n");
	} else if (source_of(complete)) {
		out("[ \"$3\" != 0 ] || %s ;;\n", source_of(complete)->line);
	} else if (strcmp(complete, "command") == 0) {
		out("echo '");
		out_command_names();
		out("' ;;\n");
	}
}

static void shell_arguments(void)
{
	size_t n, i;
	const struct command *all = commands(&n);

	out("# The words after $1 (the command), $2 (its first argument, or none) and $3 "
	    "more.\n"
	    "_stmiot_arguments() {\n\tcase \"$1 $2\" in\n\t\t\" \") echo '");
	out_command_names();
	out("' ;;\n\t\t");
	for (i = 0; i < NAMELESS; i++)
		out("%s\"%s\"", i ? "|" : "", nameless[i]);
	out(") : ;;\n");
	for (i = 0; i < n; i++)
		shell_argument_rows(&all[i]);
	out("\tesac\n}\n\n");
}

static void shell_functions(void)
{
	shell_has_value();
	shell_values();
	shell_options();
	shell_arguments();
}

static const char bash_line[] =
	"_stmiot() {\n"
	"\tlocal cur prev command='' first='' more=0 hub='' word words=() glue='' i "
	"found\n"
	"\t# The line is cut at ':' and '=' as well: put selectors together again.\n"
	"\tfor word in \"${COMP_WORDS[@]:0:COMP_CWORD+1}\"; do\n"
	"\t\tif [[ ${#words[@]} -gt 0 && ( -n $glue || $word == [:=]* ) ]]; then\n"
	"\t\t\twords[${#words[@]}-1]+=$word\n"
	"\t\telse\n"
	"\t\t\twords+=(\"$word\")\n"
	"\t\tfi\n"
	"\t\tglue=''\n"
	"\t\t[[ $word == [:=] ]] && glue=1\n"
	"\tdone\n"
	"\tcur=${words[${#words[@]}-1]}\n"
	"\tfor ((i = 1; i < ${#words[@]} - 1; i++)); do\n"
	"\t\tword=${words[i]}\n"
	"\t\tif [[ $word == -* ]]; then\n"
	"\t\t\tprev=''\n"
	"\t\t\t[[ $word == --hub=* ]] && hub=${word#*=}\n"
	"\t\t\tif _stmiot_has_value \"$command\" \"$word\"; then\n"
	"\t\t\t\tprev=$word\n"
	"\t\t\t\t((++i))\n"
	"\t\t\t\t[[ $word == --hub ]] && hub=${words[i]}\n"
	"\t\t\tfi\n"
	"\t\t\t((i < ${#words[@]} - 1)) && prev=''\n"
	"\t\telif [[ -z $command ]]; then\n"
	"\t\t\tcommand=$word\n"
	"\t\telif [[ -z $first ]]; then\n"
	"\t\t\tfirst=$word\n"
	"\t\telse\n"
	"\t\t\t((++more))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [[ $cur == --*=* ]]; then\n"
	"\t\tprev=${cur%%=*}\n"
	"\t\tcur=${cur#*=}\n"
	"\tfi\n"
	"\tif [[ -n $prev ]]; then\n"
	"\t\tfound=$(_stmiot_values \"$command\" \"$prev\")\n"
	"\telif [[ $cur == -* ]]; then\n"
	"\t\tfound=$(_stmiot_options \"$command\" \"$first\")\n"
	"\telse\n"
	"\t\tfound=$(_stmiot_arguments \"$command\" \"$first\" $more)\n"
	"\tfi\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $found == @file ]]; then\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\twhile IFS='' read -r word; do\n"
	"\t\t\tCOMPREPLY+=(\"$word\")\n"
	"\t\tdone < <(compgen -f -- \"$cur\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\t# A device may be called $(reboot): compgen -W would do it.\n"
	"\tIFS=$' \\t\\n' read -r -d '' -a words <<<\"$found\"\n"
	"\tfor word in \"${words[@]}\"; do\n"
	"\t\tprintf -v found %q \"$word\"\n"
	"\t\t[[ $found == \"$cur\"* || $word == \"$cur\"* ]] || continue\n"
	"\t\t# bash replaces what is behind the last ':' only.\n"
	"\t\t[[ $cur == *:* && $COMP_WORDBREAKS == *:* ]] && "
	"found=${found#\"${cur%:*}:\"}\n"
	"\t\tCOMPREPLY+=(\"$found\")\n"
	"\tdone\n"
	"}\n"
	"complete -F _stmiot stmiot\n";

static void bash(void)
{
	out("# bash completion for stmiot: source <(stmiot completion bash)\n\n");
	shell_functions();
	out("%s", bash_line);
}

/* Up to the names of the commands, and what they are for; and behind them. */
static const char zsh_line[] =
	"_stmiot() {\n"
	"\tlocal cur=$words[CURRENT] prev='' command='' first='' hub='' word found\n"
	"\tlocal -a choices texts\n"
	"\tinteger i more=0\n"
	"\tfor ((i = 2; i < CURRENT; i++)); do\n"
	"\t\tword=$words[i]\n"
	"\t\tif [[ $word == -* ]]; then\n"
	"\t\t\tprev=''\n"
	"\t\t\t[[ $word == --hub=* ]] && hub=${word#*=}\n"
	"\t\t\tif _stmiot_has_value \"$command\" \"$word\"; then\n"
	"\t\t\t\tprev=$word\n"
	"\t\t\t\t((++i))\n"
	"\t\t\t\t[[ $word == --hub ]] && hub=$words[i]\n"
	"\t\t\tfi\n"
	"\t\t\t((i < CURRENT)) && prev=''\n"
	"\t\telif [[ -z $command ]]; then\n"
	"\t\t\tcommand=$word\n"
	"\t\telif [[ -z $first ]]; then\n"
	"\t\t\tfirst=$word\n"
	"\t\telse\n"
	"\t\t\t((++more))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [[ -z $prev && $cur == --*=* ]]; then\n"
	"\t\tprev=${cur%%=*}\n"
	"\t\tcompset -P '*='\n"
	"\tfi\n"
	"\tif [[ -n $prev ]]; then\n"
	"\t\tfound=$(_stmiot_values \"$command\" \"$prev\")\n"
	"\telif [[ $cur == -* ]]; then\n"
	"\t\tfound=$(_stmiot_options \"$command\" \"$first\")\n"
	"\telif [[ -z $command ]]; then\n"
	"\t\tchoices=(";
static const char zsh_line_end[] =
	"\t\t)\n"
	"\t\tcompadd -l -d texts -a choices\n"
	"\t\treturn\n"
	"\telse\n"
	"\t\tfound=$(_stmiot_arguments \"$command\" \"$first\" $more)\n"
	"\tfi\n"
	"\tif [[ $found == @file ]]; then\n"
	"\t\t_files\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tchoices=(${=found})\n"
	"\tcompadd -a choices\n"
	"}\n"
	"# Loaded by its name from a folder in fpath, or read by source.\n"
	"if [[ ${funcstack[1]} == _stmiot ]]; then\n"
	"\t_stmiot \"$@\"\n"
	"else\n"
	"\tcompdef _stmiot stmiot\n"
	"fi\n";

static void zsh(void)
{
	size_t n, i;
	const struct command *all = commands(&n);

	out("#compdef stmiot\n# zsh completion for stmiot: source <(stmiot completion "
	    "zsh)\n\n");
	shell_functions();
	out("%s", zsh_line);
	out_command_names();
	out(")\n\t\ttexts=(\n");
	for (i = 0; i < n; i++) {
		char line[128];

		snprintf(line, sizeof(line), "%-11s %s", all[i].name, all[i].summary);
		out("\t\t\t");
		out_quoted(line, false);
		out("\n");
	}
	out("%s", zsh_line_end);
}

/* -- fish -------------------------------------------------------------------------- */

/* The command, and the verbs that it is for. */
static void fish_condition(const struct command *command, const struct opt *option)
{
	char verb[32];
	size_t v;

	out(" -n '__stmiot_takes %s", command->name);
	for (v = 0; opts_word(command->verbs, v, verb, sizeof(verb)); v++)
		if (opt_is_for(option, verb))
			out(" %s", verb);
	out("'");
}

/* Of a command, or with NULL of all. */
static void fish_options(const struct command *command, const struct opt *options)
{
	for (; options && options->name; options++) {
		const char *complete = options->complete ? options->complete : "";

		out("complete -c stmiot");
		if (command)
			fish_condition(command, options);
		if (options->letter)
			out(" -s %c", options->letter);
		out(" -l %s", options->name);
		if (options->type == OPT_CHOICE) {
			out(" -x -a '");
			out_words(options->arg);
			out("'");
		} else if (strcmp(complete, "file") == 0) {
			out(" -r -F");
		} else if (source_of(complete)) {
			out(" -x -a '(%s)'", source_of(complete)->function);
		} else if (has_value(options)) {
			out(" -x");
		}
		out(" -d ");
		out_quoted(options->help, true);
		out("\n");
	}
}

static void fish_arguments(const struct command *command)
{
	const char *complete = command->complete ? command->complete : "";

	if (command->verbs) {
		out("complete -c stmiot -n '__stmiot_is %s 1' -a '", command->name);
		out_words(command->verbs);
		out("'\n");
	}
	if (strcmp(complete, "file") == 0)
		out("complete -c stmiot -n '__stmiot_is %s%s' -F\n", command->name,
		    command->verbs ? " 2" : "");
	else if (source_of(complete))
		out("complete -c stmiot -n '__stmiot_is %s %d; and __stmiot_names' "
		    "-a '(%s)'\n",
		    command->name, command->verbs ? 2 : 1, source_of(complete)->function);
	else if (strcmp(complete, "command") == 0) {
		out("complete -c stmiot -n '__stmiot_is %s 1' -a '", command->name);
		out_command_names();
		out("'\n");
	}
}

/* The hub that the line names, and whether names are asked for behind its verb. */
static void fish_hub(void)
{
	out("function __stmiot_hub\n"
	    "\tset -l words (commandline -opc)\n"
	    "\tfor i in (seq (count $words))\n"
	    "\t\tswitch $words[$i]\n"
	    "\t\t\tcase --hub\n"
	    "\t\t\t\ttest $i -lt (count $words); and string join '' -- --hub= "
	    "$words[(math $i + 1)]\n"
	    "\t\t\tcase '--hub=*'\n"
	    "\t\t\t\tstring join '' -- $words[$i]\n"
	    "\t\tend\n"
	    "\tend\n"
	    "end\n\n"
	    "function __stmiot_names\n"
	    "\tnot contains -- (string join ' ' (__stmiot_words))");
	for (size_t i = 0; i < NAMELESS; i++)
		out(" '%s'", nameless[i]);
	out("\nend\n\n");
}

/* The words so far, and what they say; the options between are those of the tables. */
static const char fish_words[] =
	"# The words so far without options: the command, its verb, ...\n"
	"function __stmiot_words\n"
	"\tset -l skip\n"
	"\tfor word in (commandline -opc)[2..-1]\n"
	"\t\tif set -q skip[1]\n"
	"\t\t\tset -e skip\n"
	"\t\t\tset -l skip\n"
	"\t\t\tcontinue\n"
	"\t\tend\n"
	"\t\tswitch $word\n"
	"\t\t\tcase";
static const char fish_words_end[] =
	"\n\t\t\t\tset skip 1\n"
	"\t\t\tcase '-*'\n"
	"\t\t\tcase '*'\n"
	"\t\t\t\techo $word\n"
	"\t\tend\n"
	"\tend\n"
	"end\n\n"
	"# Is this the command, and, with a number, are there so many words?\n"
	"function __stmiot_is\n"
	"\tset -l words (__stmiot_words)\n"
	"\tset -q argv[2]; and test (count $words) -ne $argv[2]; and return 1\n"
	"\ttest (count $words) -gt 0; and test $words[1] = $argv[1]\n"
	"end\n\n"
	"# Is this the command, and its verb, when both have some, one of these?\n"
	"function __stmiot_takes\n"
	"\tset -l words (__stmiot_words)\n"
	"\ttest (count $words) -gt 0; and test $words[1] = $argv[1]; or return 1\n"
	"\tset -q argv[2]; and set -q words[2]; or return 0\n"
	"\tcontains -- $words[2] $argv[2..-1]\n"
	"end\n\n"
	"function __stmiot_needs_command\n"
	"\ttest (count (__stmiot_words)) -eq 0\n"
	"end\n\n"
	"complete -c stmiot -f\n";

static void fish_value_names(const struct opt *options)
{
	for (; options && options->name; options++) {
		if (!has_value(options))
			continue;
		if (options->letter)
			out(" -%c", options->letter);
		out(" --%s", options->name);
	}
}

static void fish(void)
{
	size_t n, i;
	const struct command *all = commands(&n);

	out("# fish completion for stmiot: stmiot completion fish | source\n\n");
	for (i = 0; i < SOURCES; i++)
		out("function %s\n\t%s\nend\n\n", sources[i].function,
		    sources[i].fish_line);
	fish_hub();
	out("%s", fish_words);
	fish_value_names(global_options);
	for (i = 0; i < n; i++)
		fish_value_names(all[i].options);
	out("%s", fish_words_end);
	fish_options(NULL, global_options);
	for (i = 0; i < n; i++) {
		out("complete -c stmiot -n __stmiot_needs_command -a %s -d ",
		    all[i].name);
		out_quoted(all[i].summary, true);
		out("\n");
		fish_options(&all[i], all[i].options);
		fish_arguments(&all[i]);
	}
}

int cmd_completion(int argc, char **argv)
{
	if (argc > 1)
		return usage_error("completion takes one shell");
	if (strcmp(argv[0], "bash") == 0)
		bash();
	else if (strcmp(argv[0], "zsh") == 0)
		zsh();
	else
		fish();
	return EXIT_DONE;
}
