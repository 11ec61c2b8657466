/**
 * Runs a program so that it cannot outlive us: the shell reads from a pipe whose other end only we
 * hold. When it is closed, by us or by the system after a SIGKILL, the program is killed and the
 * folder removed. Arguments: log file, folder, program and its arguments. File descriptor 3 is held
 * by the program alone, so its end is the program's.
 *
 * The program gets SIGKILL because its data go with it; `wait` sees to it that it writes no more
 * into the folder that is being removed.
 */
export const watchdogScript = `
log=$1 folder=$2
shift 2
"$@" </dev/null >"$log" 2>&1 &
program=$!
exec 3>&-
read -r line
kill -9 "$program"
wait "$program"
rm -rf "$folder"
`
