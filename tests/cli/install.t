# What `make install` lays out works from where it lies: spoke finds spoke-server in libexec.
$ b=$(dirname $(command -v spoke)); [ -e $b/build.ninja ] || b=$b/rel; meson install -C $b --no-rebuild --destdir $PWD/dest >install.log 2>&1 || cat install.log; \
 mv $(dirname $(dirname $(find dest -path '*/bin/spoke' -type f))) inst
exists inst/bin/spoke inst/libexec/spoke/spoke-server inst/share/man/man1/spoke-download.1* inst/share/man/man1/spoke-serve.1*
exists inst/share/bash-completion/completions/spoke inst/share/zsh/site-functions/_spoke inst/share/fish/vendor_completions.d/spoke.fish
exists inst/lib/systemd/system/spoke.service inst/lib/sysusers.d/spoke.conf
$ inst/bin/spoke serve --routes | head -1 | cut -f1,2
> GET	/api/whoami-v2
# the unit starts the program that was installed
$ grep -h -o '^ExecStart=[^ ]*' inst/lib/systemd/system/spoke.service
> ExecStart=/</.*/>/bin/spoke
