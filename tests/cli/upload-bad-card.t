# A card whose metadata is not YAML is refused before anything is sent, with line and column of the file.
server
file m/README.md
| ---
| license: mit
| tags:
|   - a
|   - b: [
| ---
| text
mark
$ spoke upload alice/m m
exit 18
! Error: m/README.md:6:1: the card's metadata is not valid YAML: did not find expected node content
# What the Hub says about the values stands on one line.
file n/README.md
| ---
| license: 42
| model-index: abc
| ---
$ spoke upload alice/m n
exit 18
! Error: n/README.md: invalid metadata in the card: error: "license" must be a string or a list of strings; error: "model-index" must be a list of mappings
mark
file m/README.md
| ---
| a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
| b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
| c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
| d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
| e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
| f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
| g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
| ---
$ spoke upload alice/m m
exit 18
! Error: m/README.md:<int>:<int>: the card's metadata is not valid YAML: too many values (aliases count with all they contain)
requests
