# Flattens a JSON text into lines "path/to/key<TAB>value"; array items are numbered from 0.
# Strings lose their quotes and escapes, a line break inside one becomes a line of its own.

{ text = text $0 "\n" }

END { rest = text; read_value(""); }

function read_value(path,   first) {
  skip_space()
  first = substr(rest, 1, 1)
  if (first == "{") read_object(path)
  else if (first == "[") read_array(path)
  else if (first == "\"") print_rows(path, read_string())
  else if (match(rest, /^[-+.a-zA-Z0-9]+/)) print path "\t" take(RLENGTH)
  else fail(path)
}

function read_object(path,   key) {
  take(1)
  while (!ends("}")) {
    skip_space()
    if (substr(rest, 1, 1) != "\"") fail(path)
    key = read_string()
    skip_space()
    if (take(1) != ":") fail(path)
    read_value(path == "" ? key : path "/" key)
  }
}

function read_array(path,   number) {
  take(1)
  number = 0
  while (!ends("]")) read_value(path "/" number++)
}

function ends(mark) {
  skip_space()
  if (substr(rest, 1, 1) == ",") { take(1); return 0 }
  if (substr(rest, 1, 1) == mark) { take(1); return 1 }
  if (rest == "") fail("the end")
  return 0
}

function read_string(   out, plain, code) {
  take(1)
  out = ""
  while (1) {
    if (match(rest, /^[^"\\]+/)) out = out take(RLENGTH)
    plain = take(1)
    if (plain == "\"") return out
    if (plain == "") fail("a string")
    code = take(1)
    if (code == "n") out = out "\n"
    else if (code == "t") out = out "\t"
    else if (code == "u") out = out sprintf("%c", hex(take(4)))
    else if (code !~ /[brf]/) out = out code
  }
}

function hex(digits,   number, i) {
  number = 0
  for (i = 1; i <= 4; i++)
    number = number * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
  return number < 128 ? number : 63
}

function print_rows(path, value,   rows, count, i) {
  count = split(value, rows, "\n")
  if (count == 0) print path "\t"
  for (i = 1; i <= count; i++) print path "\t" rows[i]
}

function skip_space() { if (match(rest, /^[ \t\r\n]+/)) take(RLENGTH) }

function take(count,   taken) {
  taken = substr(rest, 1, count)
  rest = substr(rest, count + 1)
  return taken
}

function fail(where) {
  print "no JSON at " where > "/dev/stderr"
  exit 1
}
