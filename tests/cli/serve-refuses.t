# A server that cannot start says which setting is wrong, why, and what to do.
server
$ spoke serve --data two --listen 127.0.0.1:${PORT}
exit 21
! Error: listening on 127.0.0.1:${PORT}: Address already in use
! Hint: another program listens there; name another port, or port 0 for any free one
$ spoke serve --data two --listen 192.0.2.1:8080
exit 21
! Error: listening on 192.0.2.1:8080: Cannot assign requested address
! Hint: no interface here has this address; 0.0.0.0 is all of them
$ spoke serve --data two --listen 127.0.0.1:0 --tls-cert absent.crt --tls-key absent.key
exit 26
! Error: TLS certificate absent.crt: No such file or directory
$ openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=a -keyout a.key -out a.crt 2>/dev/null
$ openssl genrsa -out b.key 2048 2>/dev/null
$ spoke serve --data two --listen 127.0.0.1:0 --tls-cert a.crt --tls-key a.crt
exit 26
! Error: TLS key a.crt: not read as a PEM private key: <*>
$ spoke serve --data two --listen 127.0.0.1:0 --tls-cert a.key --tls-key a.key
exit 26
! Error: TLS certificate a.key: not read as PEM: no start line
$ spoke serve --data two --listen 127.0.0.1:0 --tls-cert a.crt --tls-key b.key
exit 26
! Error: TLS key b.key does not belong to certificate a.crt
