// Rules of .gitattributes and .gitignore for one path, under a budget: users write both files.
#include "server/attributes.h"

// False when the budget does not reach for this line. Patterns without a wildcard, and "*.bin", are
// only compared; others walk over the path.
static bool afford(struct srv_rule_steps *steps, sp_str line, sp_str path)
{
    size_t wild = 0;
    for (size_t i = 0; i < line.n; i++)
        wild += line.p[i] == '*' || line.p[i] == '?' || line.p[i] == '[' || line.p[i] == '\\';
    bool suffix = wild == 1 && line.p[0] == '*' && sp_find_ch(line, '/') < 0;
    uint64_t cost = line.n + 16; // looking at a line costs, however short it is
    if (wild && !suffix)
        cost += (uint64_t)line.n * (path.n + 1);
    steps->over = steps->over || cost > steps->left;
    steps->left -= steps->over ? 0 : cost;
    return !steps->over;
}

// Cuts the pattern off the line: up to white space, or "quoted" with C escapes for \" and \\.
static sp_str take_pattern(sp_str *line, char scratch[SP_LIM_PATH_BYTES])
{
    sp_str s = sp_trim(*line);
    if (s.n && s.p[0] == '"') {
        size_t n = 0, i = 1;
        for (; i < s.n && s.p[i] != '"' && n < SP_LIM_PATH_BYTES; i++) {
            if (s.p[i] == '\\' && i + 1 < s.n)
                i++;
            scratch[n++] = s.p[i];
        }
        *line = sp_from(s, i + 1);
        return sp_str_of(scratch, n);
    }
    size_t i = 0;
    while (i < s.n && s.p[i] != ' ' && s.p[i] != '\t')
        i++;
    *line = sp_from(s, i);
    return sp_sub(s, 0, i);
}

// What a line says about `filter`: 1 lfs, 0 another or none, -1 nothing.
static int filter_of(sp_str rest)
{
    int says = -1;
    sp_str word;
    while (sp_split(&rest, ' ', &word)) {
        word = sp_trim(word);
        if (sp_eq_lit(word, "filter=lfs"))
            says = 1;
        else if (sp_starts(word, SP_LIT("filter=")) || sp_eq_lit(word, "-filter") ||
                 sp_eq_lit(word, "!filter") || sp_eq_lit(word, "filter"))
            says = 0;
    }
    return says;
}

bool srv_attributes_lfs(sp_str gitattributes, sp_str path, struct srv_rule_steps *steps)
{
    char scratch[SP_LIM_PATH_BYTES];
    bool lfs = false;
    sp_str rest = gitattributes, line;
    while (sp_split(&rest, '\n', &line)) {
        if (!afford(steps, line, path))
            return false;
        line = sp_trim(line);
        if (line.n == 0 || line.p[0] == '#' || sp_starts(line, SP_LIT("[attr]")))
            continue;
        sp_str pattern = take_pattern(&line, scratch);
        int says = filter_of(line);
        if (says < 0 || pattern.n == 0 || pattern.p[0] == '!') // git forbids negation here
            continue;
        if (sp_gitglob(pattern, path, false))
            lfs = says == 1; // the last line wins
    }
    return lfs;
}

// Trailing spaces do not count unless they are escaped.
static sp_str trim_line(sp_str s)
{
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t') &&
           !(s.n > 1 && s.p[s.n - 2] == '\\'))
        s.n--;
    return s;
}

// Does the list ignore exactly this path (not one of its folders)?
static bool listed(sp_str gitignore, sp_str path, bool is_dir, bool was,
                   struct srv_rule_steps *steps)
{
    sp_str rest = gitignore, line;
    while (sp_split(&rest, '\n', &line)) {
        if (!afford(steps, line, path))
            return false;
        line = trim_line(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        bool negated = line.p[0] == '!';
        if (negated)
            line = sp_from(line, 1);
        else if (line.n > 1 && line.p[0] == '\\' && (line.p[1] == '#' || line.p[1] == '!'))
            line = sp_from(line, 1);
        if (line.n && sp_gitglob(line, path, is_dir))
            was = !negated;
    }
    return was;
}

bool srv_attributes_ignored(sp_str gitignore, sp_str path, struct srv_rule_steps *steps)
{
    // A file below an ignored folder cannot be taken back by a later line, as with git.
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '/' && listed(gitignore, sp_sub(path, 0, i), true, false, steps))
            return true;
    return listed(gitignore, path, false, false, steps);
}
