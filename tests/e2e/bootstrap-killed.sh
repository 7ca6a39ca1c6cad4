#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# bootstrap is killed in each of its steps, and run again: it does that step from its beginning,
# and no other twice. A step that fails is never silent. The programs that it calls are stubs.
# shellcheck source=tests/e2e/functions.sh
. "$(dirname "$0")/functions.sh"

# stub NAME TEXT: what it does when its name, or its last argument, is $at: as $how says.
stub() {
    cat >"$work/bin/$1" <<EOF
#!/bin/sh
step=$1
[ \$step != make ] || case "\$*" in *install) step=install ;; *clean) step=clean ;; esac
echo \$step >>"$work/calls"
if [ "\${at:-}" = \$step ]; then
    case \$how in
    kill) kill -9 \$PPID; exit 0 ;;
    fail) exit 7 ;;
    pipe) kill -PIPE \$\$ ;;
    edit) printf 'exit 99\n%.0s' \$(seq 8192) >'$work/top/bootstrap' ;;
    esac
fi
$2
EOF
    chmod 755 "$work/bin/$1"
}

fresh() {
    rm -rf "${work:?}/top" "${work:?}/bin"
    mkdir -p "$work/top/build/root/bin" "$work/bin"
    cp "$PUPITRE_TOP/bootstrap" "$work/top/"
    stub dpkg-query 'echo installed'
    stub getent ''
    stub configure 'touch Makefile'
    stub make ''
    stub autoreconf "cp '$work/bin/configure' .; touch Makefile.in"
    stub pupitre ''
    mv "$work/bin/pupitre" "$work/top/build/root/bin/"
    : >"$work/calls"
}

# bootstrap COMMAND: its words go to $work/said.
bootstrap() {
    PATH=$work/bin:$PATH "$work/top/bootstrap" "$1" >"$work/said" 2>&1
}

calls() {
    grep -vE 'dpkg-query|getent' "$work/calls" | paste -sd ' '
}

show "killed in each step"
while read -r step wanted; do
    fresh
    status=0
    at=$step how=kill bootstrap build || status=$?
    [ "$status" = 137 ] || die "killed in $step: status $status: $(cat "$work/said")"
    bootstrap build || die "after a kill in $step: $(cat "$work/said")"
    [ "$(calls)" = "$wanted" ] || die "$step: wanted '$wanted', found '$(calls)'"
done <<'END'
autoreconf autoreconf autoreconf configure make install
configure autoreconf configure configure make install
make autoreconf configure make clean make install
install autoreconf configure make install make install
END

show "a step that fails says so, and is not taken for one that was killed"
fresh
! at=make how=fail bootstrap build || die "a failed make went well"
grep -q 'failed with status 7: make' "$work/said" || die "no word of make: $(cat "$work/said")"
bootstrap build
[ "$(calls)" = "autoreconf configure make make install" ] || die "after a failure: $(calls)"

show "a step that is killed is not silent"
fresh
! at=pupitre how=pipe bootstrap image || die "a killed image build went well"
grep -q 'ended with status 141 in the step: ' "$work/said" || die "silent: $(cat "$work/said")"

show "two at once wait for each other"
fresh
exec 7>"$work/top/build/lock"
flock 7
bootstrap build 7>&- &
second=$!
cleanup_fn kill "$second"
wait_for 60 "word of the waiting" grep -q 'waiting for it' "$work/said"
exec 7>&-
wait "$second" || die "the second one: $(cat "$work/said")"

show "an update of the checkout changes it while it runs"
for step in configure make install; do
    fresh
    at=$step how=edit bootstrap build || die "edited in $step: status $?: $(cat "$work/said")"
    [ "$(calls)" = "autoreconf configure make install" ] || die "edited in $step: $(calls)"
done
