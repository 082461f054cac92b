#!/bin/sh
# overlay2 @VERSION@: this script fills the first @HEADER@ bytes; the bundled program and the gzipped deno binary follow.
# The first start unpacks both into the user's cache directory. Every start ends in exec, so that arguments,
# standard streams, signals and the exit status are the program's own.
# Needs sh, gzip, and from coreutils or busybox: id stat mkdir mktemp chmod mv rm find head tail sha256sum.

header=@HEADER@ self=$0
main_size=@MAIN_SIZE@ main_sum=@MAIN_SUM@
deno_size=@DENO_SIZE@ deno_sum=@DENO_SUM@

# Chooses the cache directory $2 in the directory $1.
at() {
  parent=$1 dir=$1/$2
  deno=$dir/deno-$deno_sum main=$dir/overlay2-$main_sum.js
}

# Is the cache directory safe, and are both files there in full? One stat sees it all, who asks included, to keep
# starting fast.
usable() {
  set -- $(stat -c '%u %f %a %s' -- /proc/self/. "$parent/." "$dir" "$deno" "$main" 2>/dev/null)
  [ $# -eq 20 ] || return
  me=$1
  shift 4
  private "$@" &&
    [ "$9 ${10} ${12}" = "$me 8140 $deno_size" ] && # 8140: a regular file of mode 0500
    [ "${13} ${14} ${16}" = "$me 8100 $main_size" ]
}

# Can nobody else replace the cache directory (facts 1-4: $parent) or write into it (facts 5-8: $dir itself,
# which may not be a symbolic link, since a stranger could turn that elsewhere)?
private() {
  case $1 in "$me" | 0) ;; *) return 1 ;; esac
  case $3 in
    [1357]???) ;; # sticky: what is in it belongs to its owner
    *[2367]? | *[2367]) return 1 ;;
  esac
  case "$5 $6" in "$me 41c0" | "$me 45c0") ;; *) return 1 ;; esac # a directory of mode 0700 or 02700
}

start() {
  export DENO_DIR="$dir/deno-dir" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
  exec "$deno" run -A --quiet --no-config --no-lock --no-remote --no-npm "$main" "$@"
}

# Unpacks both files, and says on stderr what prevents it. A file gets its name when it is whole, so that neither
# a second start at the same time nor a kill can leave half a file under it.
unpack() {
  me=${me:-$(id -u)}
  umask 077
  new=
  trap 'rm -f -- "$new"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir -p -- "$parent" && { [ -d "$dir" ] || mkdir -- "$dir" || [ -d "$dir" ]; } || return
  [ ! -O "$dir" ] || chmod 700 -- "$dir" || return
  private $(stat -c '%u %f %a %s' -- "$parent/." "$dir") || { echo "another user could write there; set XDG_CACHE_HOME to a directory of yours" && return 1; }
  find "$dir" -name '.new.*' -mmin +10 -exec rm -f {} +

  new=$(mktemp "$dir/.new.XXXXXXXXXX") && unpack_main >"$new" && keep "$main" "$main_sum" 400 || return
  new=$(mktemp "$dir/.new.XXXXXXXXXX") && unpack_deno >"$new" && keep "$deno" "$deno_sum" 500 || return
  # Who is still unpacking the same will fail, and then find these files.
  rm -f -- "$dir"/.new.*
}

unpack_main() {
  tail -c "+$((header + 1))" <"$self" | head -c "$main_size"
}

unpack_deno() {
  tail -c "+$((header + main_size + 1))" <"$self" | gzip -dc
}

# Renames $new to $1 if its checksum is $2, with mode $3.
keep() {
  sum=$(sha256sum <"$new") || return
  [ "${sum%% *}" = "$2" ] || { echo "$self is damaged" && return 1; }
  chmod "$3" -- "$new" || return
  # Fails where the file system is mounted noexec, or the C library is not the one it was built for.
  [ "$3" = 400 ] || "$new" --version >/dev/null || return
  mv -f -- "$new" "$1"
}

me=
home=
case ${XDG_CACHE_HOME-} in
  /*) home=$XDG_CACHE_HOME ;;
  *) case ${HOME-} in /*) [ -O "$HOME" ] && home=$HOME/.cache ;; esac ;;
esac

# Tries the action $1 in each directory that may hold the cache.
each() {
  action=$1
  shift
  [ -z "$home" ] || { at "$home" overlay2 && "$action" "$@"; }
  me=${me:-$(id -u)}
  at "${TMPDIR:-/tmp}" "overlay2-$me" && "$action" "$@"
}

warm() {
  usable && start "$@"
}

cold() {
  why=$(unpack 2>&1 </dev/null)
  usable && start "$@"
  reasons="${reasons:+$reasons; }Cannot unpack into $dir: ${why##*
}"
}

each warm "$@"
reasons=
each cold "$@"
echo "overlay2: $reasons" >&2
exit 1
