// Completion scripts: static text made from the tables, so that a TAB starts no program. Only what
// stands behind serve and admin is another program's: its help is read when it is wanted.
#include "cli/cli.h"

// Options and the words of commands in a help text, one a line.
#define SERVER_WORDS                                                                               \
    "2>/dev/null | sed -n -e '/^Examples/q' -e 's/^  \\(--[a-z-]*\\).*/\\1/p' "                    \
    "-e 's/^  \\([a-z]*\\).*/\\1/p' -e 's/^  [a-z]* \\([a-z]*\\).*/\\1/p' | sort -u"

static bool below(const char *group, const char *path, const char **word)
{
    size_t n = strlen(group);
    if (n && (strncmp(path, group, n) != 0 || path[n] != ' '))
        return false;
    *word = path + (n ? n + 1 : 0);
    return !strchr(*word, ' ');
}

// Text inside single quotes of a shell.
static void put_quoted(struct sp_buf *b, const char *s)
{
    sp_buf_ch(b, '\'');
    for (; *s; s++)
        sp_buf_cstr(b, *s == '\'' ? "'\\''" : (char[]){*s, 0});
    sp_buf_ch(b, '\'');
}

static void put_choices(struct sp_buf *b, const char *metavar)
{
    for (; *metavar; metavar++)
        sp_buf_ch(b, *metavar == '|' ? ' ' : *metavar);
}

static bool takes_path(const struct cli_opt *o)
{
    return strcmp(o->metavar, "DIR") == 0 || strcmp(o->metavar, "FILE") == 0;
}

typedef void (*opt_fn)(struct sp_buf *b, const char *path, const struct cli_opt *o);

static void each_option(struct sp_buf *b, const struct cli_cmd *c, opt_fn fn)
{
    for (const struct cli_opt *o = c->spec ? c->spec->opts : NULL; o && o->name; o++) {
        if (o->help)
            fn(b, c->path, o);
    }
    for (const struct cli_opt *o = c->spec ? cli_common_opts : NULL; o && o->name; o++)
        fn(b, c->path, o);
}

// The words of a command as patterns of a shell's case: its path and the other spellings.
static void put_case(struct sp_buf *b, const struct cli_cmd *c)
{
    const char *last = strrchr(c->path, ' ');
    sp_str group = sp_sub(sp_cstr(c->path), 0, last ? (size_t)(last - c->path) : 0);
    sp_buf_printf(b, "    '%s'", c->path);
    sp_str alias, rest = sp_cstr(c->aliases);
    while (rest.n && sp_split(&rest, ' ', &alias))
        sp_buf_printf(b, " | '%.*s%s%.*s'", SP_FMT(group), group.n ? " " : "", SP_FMT(alias));
}

// ---- bash

static void bash_name(struct sp_buf *b, const char *path, const struct cli_opt *o)
{
    sp_buf_printf(b, " --%s", o->name);
}

static void bash_value(struct sp_buf *b, const char *path, const struct cli_opt *o)
{
    if (o->kind == CLI_FLAG)
        return;
    sp_buf_printf(b, "    '%s --%s'", path, o->name);
    if (o->letter)
        sp_buf_printf(b, " | '%s -%c'", path, o->letter);
    sp_buf_cstr(b, ") ");
    if (o->kind == CLI_PICK) {
        sp_buf_cstr(b, "COMPREPLY=($(compgen -W '");
        put_choices(b, o->metavar);
        sp_buf_cstr(b, "' -- \"$cur\")) ;;\n");
    } else if (takes_path(o)) {
        sp_buf_printf(b, "COMPREPLY=($(compgen %s -- \"$cur\")) ;;\n",
                      strcmp(o->metavar, "DIR") == 0 ? "-d" : "-f");
    } else {
        sp_buf_cstr(b, ";;\n");
    }
}

static void bash_children(struct sp_buf *b, const char *group)
{
    const char *word;
    sp_buf_printf(b, "    '%s') COMPREPLY=($(compgen -W '", group);
    bool first = true;
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        if (!below(group, c->path, &word))
            continue;
        sp_buf_printf(b, "%s%s", first ? "" : " ", word);
        first = false;
    }
    sp_buf_cstr(b, "' -- \"$cur\")) ;;\n");
}

static void bash(struct sp_buf *b)
{
    sp_buf_cstr(b,
                "# bash completion for spoke; made by `spoke completion bash`\n"
                "_spoke() {\n"
                "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path= i\n"
                "  COMPREPLY=()\n"
                "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "    case \"$path${path:+ }${COMP_WORDS[i]}\" in\n");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        put_case(b, c);
        sp_buf_printf(b, ") path='%s' ;;\n", c->path);
    }
    sp_buf_cstr(b, "    esac\n"
                   "  done\n"
                   "  case \"$path $prev\" in\n");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++)
        each_option(b, c, bash_value);
    sp_buf_cstr(b, "    *) false ;;\n"
                   "  esac && return\n"
                   "  case \"$path\" in\n");
    bash_children(b, "");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        if (cli_is_group(c)) {
            bash_children(b, c->path);
        } else if (c->spec) {
            sp_buf_printf(b, "    '%s')\n      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '",
                          c->path);
            size_t from = b->n;
            each_option(b, c, bash_name);
            if (b->n > from) // the first space
                memmove(b->p + from, b->p + from + 1, b->n - from);
            b->n -= b->n > from;
            const char *words = strcmp(c->path, "completion") == 0 ? "-W 'bash zsh fish'" : "-f";
            sp_buf_printf(
                b, "' -- \"$cur\")); else COMPREPLY=($(compgen %s -- \"$cur\")); fi\n      ;;\n",
                words);
        } else {
            sp_buf_printf(b,
                          "    '%s') COMPREPLY=($(compgen -W \"$(spoke %s --help " SERVER_WORDS
                          ")\" -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n",
                          c->path, c->path);
        }
    }
    sp_buf_cstr(b, "  esac\n"
                   "}\n"
                   "complete -o filenames -F _spoke spoke\n");
}

// ---- zsh

static void zsh_escape(struct sp_buf *b, const char *s)
{
    for (; *s; s++) {
        if (strchr("[]:\\", *s))
            sp_buf_ch(b, '\\');
        if (*s == '\'')
            sp_buf_cstr(b, "'\\''");
        else
            sp_buf_ch(b, *s);
    }
}

static void zsh_option(struct sp_buf *b, const char *path, const struct cli_opt *o)
{
    const char *star = o->kind == CLI_LIST ? "*" : "";
    for (int letter = 0; letter < (o->letter ? 2 : 1); letter++) {
        sp_buf_printf(b, "        '%s", star);
        if (letter)
            sp_buf_printf(b, "-%c", o->letter);
        else
            sp_buf_printf(b, "--%s%s", o->name, o->kind == CLI_FLAG ? "" : "=");
        sp_buf_ch(b, '[');
        zsh_escape(b, o->help);
        sp_buf_ch(b, ']');
        if (o->kind == CLI_PICK) {
            sp_buf_cstr(b, ":value:(");
            put_choices(b, o->metavar);
            sp_buf_ch(b, ')');
        } else if (o->kind != CLI_FLAG) {
            sp_buf_cstr(b, ":");
            zsh_escape(b, o->metavar);
            sp_buf_cstr(b, takes_path(o) ? ":_files" : ": ");
        }
        sp_buf_cstr(b, "' \\\n");
    }
}

static void zsh_children(struct sp_buf *b, const char *group)
{
    const char *word;
    sp_buf_printf(b, "    '%s')\n      names=(\n", group);
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        if (!below(group, c->path, &word))
            continue;
        sp_buf_printf(b, "        '%s:", word);
        zsh_escape(b, c->summary);
        sp_buf_cstr(b, "'\n");
    }
    sp_buf_cstr(b, "      )\n      _describe command names ;;\n");
}

static void zsh(struct sp_buf *b)
{
    sp_buf_cstr(b, "#compdef spoke\n"
                   "# zsh completion for spoke; made by `spoke completion zsh`\n"
                   "_spoke() {\n"
                   "  local path_= word n=1\n"
                   "  local -a names\n"
                   "  for word in ${words[2,CURRENT-1]}; do\n"
                   "    case \"$path_${path_:+ }$word\" in\n");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        put_case(b, c);
        sp_buf_printf(b, ") path_='%s'; n=$((n + 1)) ;;\n", c->path);
    }
    sp_buf_cstr(b, "    *) break ;;\n"
                   "    esac\n"
                   "  done\n"
                   "  words=(spoke ${words[n+1,-1]})\n"
                   "  CURRENT=$((CURRENT - n + 1))\n"
                   "  case \"$path_\" in\n");
    zsh_children(b, "");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        if (cli_is_group(c)) {
            zsh_children(b, c->path);
        } else if (c->spec) {
            sp_buf_printf(b, "    '%s')\n      _arguments -s \\\n", c->path);
            each_option(b, c, zsh_option);
            sp_buf_cstr(b, strcmp(c->path, "completion") == 0
                               ? "        '1:shell:(bash zsh fish)' ;;\n"
                               : "        '*:argument:_files' ;;\n");
        } else {
            sp_buf_printf(b,
                          "    '%s') compadd -- ${(f)\"$(spoke %s --help " SERVER_WORDS
                          ")\"}; _files ;;\n",
                          c->path, c->path);
        }
    }
    sp_buf_cstr(b, "  esac\n"
                   "}\n"
                   "_spoke \"$@\"\n");
}

// ---- fish

static void fish_option(struct sp_buf *b, const char *path, const struct cli_opt *o)
{
    sp_buf_printf(b, "complete -c spoke -n '__spoke_in %s' -l %s", path, o->name);
    if (o->letter)
        sp_buf_printf(b, " -s %c", o->letter);
    if (o->kind == CLI_PICK) {
        sp_buf_cstr(b, " -x -a '");
        put_choices(b, o->metavar);
        sp_buf_ch(b, '\'');
    } else if (o->kind != CLI_FLAG) {
        sp_buf_cstr(b, takes_path(o) ? " -r" : " -x");
    }
    sp_buf_cstr(b, " -d ");
    put_quoted(b, o->help);
    sp_buf_ch(b, '\n');
}

// Another spelling of the last word becomes the one of the table.
static void fish_alias(struct sp_buf *b, const struct cli_cmd *c)
{
    const char *last = strrchr(c->path, ' ');
    sp_str group = sp_sub(sp_cstr(c->path), 0, last ? (size_t)(last - c->path) : 0);
    sp_str alias, rest = sp_cstr(c->aliases);
    sp_buf_cstr(b, "            case");
    while (rest.n && sp_split(&rest, ' ', &alias))
        sp_buf_printf(b, " '%.*s%s%.*s'", SP_FMT(group), group.n ? " " : "", SP_FMT(alias));
    sp_buf_printf(b, "\n                set typed %s\n", c->path);
}

static void fish(struct sp_buf *b)
{
    sp_buf_cstr(
        b,
        "# fish completion for spoke; made by `spoke completion fish`\n"
        "# __spoke_at WORDS: exactly these commands were typed; __spoke_in WORDS: at least these.\n"
        "function __spoke_typed\n"
        "    set -l typed\n"
        "    for word in (string match -v -- '-*' (commandline -opc)[2..-1])\n"
        "        set -a typed $word\n"
        "        switch \"$typed\"\n");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        if (c->aliases[0])
            fish_alias(b, c);
    }
    sp_buf_cstr(b, "        end\n"
                   "    end\n"
                   "    string join \\n -- $typed\n"
                   "end\n"
                   "function __spoke_in\n"
                   "    set -l typed (__spoke_typed)\n"
                   "    set -l n (count $argv)\n"
                   "    test (count $typed) -ge $n; or return 1\n"
                   "    test $n -eq 0; or test \"$typed[1..$n]\" = \"$argv\"\n"
                   "end\n"
                   "function __spoke_at\n"
                   "    test (count (__spoke_typed)) -eq (count $argv); and __spoke_in $argv\n"
                   "end\n");
    for (const struct cli_cmd *c = cli_cmds; c->path; c++) {
        const char *last = strrchr(c->path, ' ');
        sp_str group = sp_sub(sp_cstr(c->path), 0, last ? (size_t)(last - c->path) : 0);
        sp_buf_printf(b, "complete -c spoke -f -n '__spoke_at%s%.*s' -a %s -d ", group.n ? " " : "",
                      SP_FMT(group), last ? last + 1 : c->path);
        put_quoted(b, c->summary);
        sp_buf_ch(b, '\n');
        each_option(b, c, fish_option);
        if (c->server)
            sp_buf_printf(b,
                          "complete -c spoke -n '__spoke_in %s' -a \"(spoke %s --help " SERVER_WORDS
                          ")\"\n",
                          c->path, c->path);
    }
    sp_buf_cstr(b, "complete -c spoke -x -n '__spoke_at completion' -a 'bash zsh fish'\n");
}

int cli_complete_write(struct sp_buf *out, const char *shell, struct sp_err *err)
{
    if (strcmp(shell, "bash") == 0)
        bash(out);
    else if (strcmp(shell, "zsh") == 0)
        zsh(out);
    else if (strcmp(shell, "fish") == 0)
        fish(out);
    else
        return sp_fail(err, SP_EUSAGE, "no completion for %s; there is bash, zsh and fish", shell);
    return sp_buf_done(out, "completion script", err);
}
