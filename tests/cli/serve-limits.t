# Each limit of the server is an option: what is above it is refused with 413 or 431, what is not passes.
server --max-commit-files 2 --max-json 500 --max-commit 2000 --max-paths 2 --max-lfs-batch 1 --max-object 10 --tree-page 1 --list-page 1 --max-header 2000
file ask
| curl -s -o answer -w '%{http_code} ' -H "Authorization: Bearer $TOKEN" "$@"; cut -c1-120 answer
file header
| {"key":"header","value":{"summary":"s"}}
$ for i in 1 2; do sh ./ask -X POST $URL/api/repos/create -d '{"name":"r'$i'"}' | cut -c1-3; done
> 200
> 200
$ sh ./ask -X POST $URL/api/repos/create -d "{\"name\":\"r\",\"x\":\"$(head -c 600 /dev/zero | tr '\0' a)\"}"
> 413 {"error":"the request body is larger than 500 bytes"}
$ line() { printf '{"key":"file","value":{"path":"%s","content":"YQ==","encoding":"base64"}}\n' $1; }; \
 (cat header; line 1; line 2) >c2; (cat c2; line 3) >c3; (cat header; for i in $(seq 60); do line $i; done) >c60; \
 for c in c3 c60 c2; do sh ./ask -H 'Content-Type: application/x-ndjson' --data-binary @$c $URL/api/models/alice/r1/commit/main | cut -c1-70; done
> 413 {"error":"more than 2 files in one commit; use several commits"}
> 413 {"error":"the request body is larger than 2000 bytes"}
> 200 {"success":true<*>
$ sh ./ask -d 'paths=1&paths=2&paths=3' $URL/api/models/alice/r1/paths-info/main
> 413 {"error":"more than 2 paths in one request<*>
$ o=$(printf %064d 1); p=$(printf %064d 2); b=$URL/alice/r1.git/info/lfs/objects/batch; \
 sh ./ask -d '{"operation":"upload","objects":[{"oid":"'$o'","size":5},{"oid":"'$p'","size":5}]}' $b; \
 sh ./ask -d '{"operation":"upload","objects":[{"oid":"'$o'","size":11}]}' $b >/dev/null; grep -o '"error":{"code":[0-9]*' answer
> 413 {"error":"2 objects in one batch; at most 1"}
> "error":{"code":413
$ for u in models/alice/r1/tree/main models; do curl -s -D- -o answer -H "Authorization: Bearer $TOKEN" $URL/api/$u | grep -c 'rel="next"'; done
> 1
> 1
$ sh ./ask -H "X-Big: $(head -c 3000 /dev/zero | tr '\0' a)" $URL/healthz
> 431 {"error":"the request head is too large"}
# and a setting that is none is told before anything is served
$ spoke serve --data d --max-json lots
exit 2
! Error: --max-json: lots is not a size
