"""Expressions of our own, and what the reference implementation of JSONata answers to them.

The answers are recorded in tests/unit/mapping/reference_answers.json, so that no test needs Node. To record them
anew, after a change here or for a newer reference:

    npm install --prefix /tmp/reference jsonata@2.2.2
    python -m tests.support.jsonata_reference /tmp/reference/node_modules/jsonata
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parents[1] / "unit" / "mapping" / "reference_answers.json"

_PAYLOAD: dict[str, Any] = {
    "hours": 5.75,
    "count": 3,
    "zero": 0,
    "less": -2.5,
    "word": "Zürich",
    "face": "a😀é",
    "empty": "",
    "digits": "42",
    "yes": True,
    "no": False,
    "nothing": None,
    "day": "2026-11-28",
    "at": "2026-11-28T09:30:15.250Z",
    "client": {"name": "Jörg", "email": "j@acme.example", "tags": ["a", "b"], "address": {"city": "Bern"}},
    "`odd name`": 1,
    "odd name": {"the.dot": "found", "ünï": "code"},
    "rows": [
        {"p": 2, "n": "b", "t": ["x", "y"]},
        {"p": 1, "n": "a", "t": ["z"]},
        {"p": 2, "n": "c", "t": []},
        {"p": 1, "n": "d"},
    ],
    "one": [{"p": 7, "n": "only"}],
    "none": [],
    "numbers": [3, 1, 2, 1],
    "nested": [[1, [2]], [3], []],
    "mixed": [1, "1", True, None, {"p": 1}, [1]],
    "object": {"b": 1, "a": {"c": [1, 2]}, "z": None},
}
CONTEXT = {"event": {"name": "TIME_BOOKED", "payload": _PAYLOAD}, "p": _PAYLOAD}

_KINDS = ["p.hours", "p.word", "p.yes", "p.nothing", "p.missing", "p.numbers"]
_OPERATORS = ["+", "-", "*", "/", "%", "&", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in", "..", "??", "?:", "~>"]
#: Each function with a call that is right, as its arguments; one after the other is replaced by other kinds.
_FUNCTIONS: dict[str, list[str]] = {
    "sum": ["p.numbers"],
    "count": ["p.rows"],
    "max": ["p.numbers"],
    "min": ["p.numbers"],
    "average": ["p.numbers"],
    "string": ["p.object"],
    "substring": ["p.face", "1", "2"],
    "substringBefore": ["p.word", "'r'"],
    "substringAfter": ["p.word", "'r'"],
    "lowercase": ["p.word"],
    "uppercase": ["p.word"],
    "length": ["p.face"],
    "trim": ["' a  b '"],
    "pad": ["p.face", "-6", "'#'"],
    "match": ["p.day", "/\\d+/", "2"],
    "contains": ["p.word", "'ü'"],
    "replace": ["p.word", "'r'", "'R'", "1"],
    "split": ["p.day", "'-'", "2"],
    "join": ["p.client.tags", "', '"],
    "formatNumber": ["p.hours", "'#,##0.00'"],
    "formatBase": ["p.count", "2"],
    "formatInteger": ["p.count", "'w'"],
    "parseInteger": ["'twelve'", "'w'"],
    "number": ["p.digits"],
    "floor": ["p.less"],
    "ceil": ["p.less"],
    "round": ["p.hours", "1"],
    "abs": ["p.less"],
    "sqrt": ["p.count"],
    "power": ["p.count", "2"],
    "boolean": ["p.yes"],
    "not": ["p.no"],
    "map": ["p.numbers", "function($v, $i) { $v * $i }"],
    "zip": ["p.numbers", "p.client.tags"],
    "filter": ["p.numbers", "function($v) { $v > 1 }"],
    "single": ["p.numbers", "function($v) { $v = 3 }"],
    "reduce": ["p.numbers", "function($a, $b) { $a - $b }", "10"],
    "sift": ["p.object", "function($v, $k) { $k != 'a' }"],
    "keys": ["p.object"],
    "lookup": ["p.object", "'b'"],
    "append": ["p.numbers", "p.client.tags"],
    "exists": ["p.nothing"],
    "spread": ["p.object"],
    "merge": ["p.rows"],
    "reverse": ["p.numbers"],
    "each": ["p.object", "function($v, $k) { $k }"],
    "error": ["'said'"],
    "assert": ["p.yes", "'said'"],
    "type": ["p.hours"],
    "sort": ["p.numbers", "function($a, $b) { $a < $b }"],
    "distinct": ["p.numbers"],
    "encodeUrlComponent": ["p.face"],
    "encodeUrl": ["p.word"],
    "decodeUrlComponent": ["'a%20b'"],
    "decodeUrl": ["'%C3%BC'"],
    "toMillis": ["p.at"],
    "fromMillis": ["1795858215250", "'[Y0001]-[M01]-[D01]'", "'+0130'"],
}
_ARGUMENTS = ["p.hours", "p.word", "p.nothing", "p.missing", "p.rows", "p.object", "$sum"]

_PATHS = """
p.rows.n|p.rows.p|p.rows.t|p.one.n|p.none|p.none.n|p.missing.x|p.rows.missing|p.nested|p.nested.x|p.nested[0]|p.mixed
p.mixed.p|p.object.z|p.object.z.x|p.word.x|p.hours.x|p.client.tags|p.client.address.city|p.rows[0]|p.rows[-1].n
p.rows[4]|p.rows[-5]|p.rows[0].t[1]|p.rows.t[0]|(p.rows.t)[0]|(p.rows.t)[-1]|p.rows[p=2].n|p.rows[p=1][0].n
p.rows[p=3].n|p.rows[p=7 or n='a'].n|p.rows[[0,2]].n|p.rows[[0..1]].p|p.rows[$.p > 1].n|p.one[0].n|p.one[n='only']
p.one.n[]|p.rows[p=9].n[]|p.numbers[]|p.hours[]|p.numbers[-1]|p.numbers[1.9]|p.numbers[-0.5]|p.numbers[0][0]
p.`odd name`.`the.dot`|p.'odd name'.ünï|p."odd name"|p.*|p.client.*|p.rows.*|p.**.city|p.**[0]|p.rows.**.p|p.none.*
p.rows.%.count|p.rows.t.%.n|p.client.address.%.name|p.rows.(p & n)|p.rows.{n: p}|p.rows{n: p}|p.rows{$string(p): n}
p.rows{$string(p): $sum(p)}|p.rows{$string(p): $count($)}|p.one{n: p}|p.none{n: p}|p.rows{p: n}|p.rows.[n, p]
p.rows^(p).n|p.rows^(>p).n|p.rows^(p, >n).n|p.rows^(n)[0].p|p.numbers^($)|p.numbers^(>$)|p.mixed^($)|p.rows^(missing).n
p.rows^(t).n|p.rows#$i.{'i': $i, 'n': n}|p.rows#$i[p=1].$i|p.rows@$r.{'n': $r.n}|p.rows@$r[$r.p=2].$r.n
p.rows@$r.p.numbers|p.rows@$r#$i.($r.n & $i)|p.numbers.($ + 1)|p.numbers.$string()|p.(hours; count)|p.(hours)|p.[hours]
p.{'h': hours, 'm': missing}|p.{'h': [hours]}|{}|[]|[p.missing]|[p.missing, 1]|[p.numbers, 1]|[[p.numbers], 1]|[1..3]
[3..1]|[-1..1]|[1..3, 7]|[0..0]|[1.5..3]|['a'..3]|[p.missing..3]|$|$$.event.name|event.payload.count|`event`.name
[1, 2, 3][-1] ?: 42|[1, 2, 3][1]|[1,2,3][[0,2]]|[1,2,3][5] ?? 'none'|{'a': 1}.a|{'a': 1}[0].a|[{'a': 1}, {'a': 2}].a
"x"|'it\\u0027s'|'\\n\\t'|"\\u00fc"|1e3|1.10|-0|-1|0.1 + 0.2|1e21|1e-7|123456789012345678|9007199254740993|true|null
p.hours % 1|1 in [true]|'1' in [1]|1 in 1|p.missing in [1]|null = null|p.missing = p.missing|p.nothing = null|1 = '1'
[1] = 1|[1,2] = [1,2]|{'a': 1} = {'a': 1}|{'a': 1, 'b': 2} = {'b': 2, 'a': 1}|p.missing & 'x'|null & 'x'|true & 1
[1,2] & 'x'|{'n': 'Jörg'} & ''|5 % 3|-5 % 3|5 % -3|5.5 % 2|1 / 3|2 / 0|0 / 0|1e308 * 10|-p.hours|-p.missing|-p.word
--1|1 - -1|p.yes ? 'y' : 'n'|p.missing ? 'y' : 'n'|p.none ? 'y' : 'n'|p.empty ? 'y' : 'n'|p.zero ? 'y' : 'n'
p.client ? 'y' : 'n'|{} ? 'y' : 'n'|[0] ? 'y' : 'n'|[0, 1] ? 'y' : 'n'|p.yes ? 'y'|p.no ? 'y'|$sum ? 'y' : 'n'
p.missing ?? 'd'|p.nothing ?? 'd'|p.zero ?? 'd'|p.zero ?: 'd'|p.empty ?: 'd'|p.no ?? 'd'|p.none ?? 'd'|p.none ?: 'd'
""".strip().replace("\n", "|")

_PROGRAMS = r"""
($x := 5; $x + 1)
($x := 1; ($x := 2; $x) & $x)
($f := function($a, $b) { $a & $b }; $f('x', 'y'))
($f := function($a, $b) { $a & $b }; $f('x'))
($f := function($a) { $a }; $f('x', 'y'))
($f := λ($a) { $a * 2 }; $f(4))
($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(10))
($f := function($n, $a) { $n = 0 ? $a : $f($n - 1, $a + $n) }; $f(1000, 0))
($f := function($x)<n:n> { $x + 1 }; $f(1))
($f := function($x)<n:n> { $x + 1 }; $f('1'))
($f := function($x)<s-:s> { $x & '!' }; 'a'.$f())
($f := function($x, $y)<n-n:n> { $x & $y }; 5.$f(1))
($add := function($a, $b) { $a + $b }; $inc := $add(1, ?); $inc(4))
($first := $substring(?, 0, 2); $first('hello'))
($f := $uppercase ~> $trim; $f('  a '))
'a,b' ~> $split(',') ~> $join('-')
p.word ~> $uppercase
p.word ~> $substring(1) ~> $length
p.numbers ~> $map(function($v) { $v + 1 }) ~> $sum
p ~> |client|{'name': 'X'}|
(p ~> |rows|{'q': p * 2}, ['t', 'n']|).rows
(p ~> |rows[p=1]|{'n': 'one'}|).rows.n
(p ~> |client|{}, 'email'|).client
p ~> |missing|{'a': 1}| ~> $lookup('count')
p ~> |client|1|
p ~> |client|{}, 1|
$map(p.rows, function($r, $i, $all) { $r.n & $i & $count($all) })
$map(p.one, function($r) { $r.n })
$map(p.none, function($r) { $r.n })
$map(p.missing, function($r) { $r.n })
$map([1..3], $string)
$map(p.numbers, function() { 'k' })
$filter(p.rows, function($r) { $r.p = 1 }).n
$filter(p.numbers, function($v, $i, $a) { $i = $count($a) - 1 })
$filter(p.numbers, function($v) { $v })
$single(p.rows, function($r) { $r.n = 'a' }).p
$single(p.rows, function($r) { $r.p = 1 })
$single(p.rows, function($r) { $r.p = 9 })
$single([5])
$reduce(p.numbers, function($a, $b) { $a + $b })
$reduce(p.numbers, function($a, $b, $i) { $a & $b & $i }, '')
$reduce([], function($a, $b) { $a + $b })
$reduce([], function($a, $b) { $a + $b }, 1)
$reduce([1], function($a) { $a })
$reduce(p.numbers, $max)
$sort(p.rows, function($l, $r) { $l.p > $r.p }).n
$sort(p.rows, function($l, $r) { $l.p < $r.p }).n
$sort(p.rows, function($l, $r) { $l.p >= $r.p }).n
$sort(p.rows, function($l, $r) { false }).n
$sort(p.rows, function($l, $r) { true }).n
$sort(['b', 'A', 'a', 'ä', 'Z', 'z'])
$sort([10, 9, 1, 2.5, -1])
$sort(['10', '9'])
$sort(p.rows)
$sort([true, false])
$sort([])
$sort('a')
$distinct([1, '1', 1.0, true, true, {'a': 1}, {'a': 1}, [1], [1], null, null])
$distinct([1])
$distinct('a')
$zip([1, 2, 3], ['a', 'b'])
$zip([1, 2], [3, 4], [5, 6])
$zip(1, 2)
$merge([{'a': 1, 'b': 2}, {'b': 3}])
$merge({'a': 1})
$merge([])
$spread({'a': 1, 'b': 2})
$spread([{'a': 1}, {'b': 2}])
$spread('a')
$keys([{'a': 1}, {'b': 2, 'a': 3}])
$keys({})
$keys('a')
$lookup([{'a': 1}, {'a': 2}], 'a')
$lookup({'a': null}, 'a')
$lookup({'a': 1}, 'b')
$each({'a': 1}, function($v, $k) { $k & $v })
$each({'a': 1, 'b': 2}, function($v, $k) { $k & $v })
$each({}, function($v, $k) { $k & $v })
$sift({'a': 1, 'b': 'x'}, function($v) { $v = 1 })
$sift({'a': 1}, function($v) { false })
p.client.$sift(function($v, $k) { $k ~> /^n/ })
$reverse([[1, 2], 3])
$reverse(p.missing)
$append(1, 2)
$append([], p.missing)
$append([1], [])
$count([])
$count(1)
$count(p.missing)
$sum([])
$sum(5)
$sum(['a'])
$average([])
$max([])
$min(3)
$max([1, 'a'])
$exists(p.missing)
$exists($nope)
$exists([])
$boolean([0])
$boolean([[1]])
$boolean({})
$boolean({'a': 1})
$boolean('')
$boolean('false')
$boolean($sum)
$boolean(0)
$boolean(null)
$not(p.missing)
$type(null)
$type(p.missing)
$type([])
$type({})
$type($sum)
$type(/a/)
$type('a')
$type(1)
$type(true)
$string({'n': 'Jörg'})
$string({'n': ['a', 1, true, null]}, true)
$string([1, [2, {}]], true)
$string('a')
$string(5.0)
$string(1e21)
$string(1e-7)
$string(0.1 + 0.2)
$string(1 / 3)
$string(100000000000000000000)
$string(123456789012345680000000)
$string(-0)
$string(null)
$string(true)
$string($sum)
$string([$sum])
$string({'f': function() { 1 }})
$string(p.missing)
$string('quote " back \\ line \n')
$string({'q': '" \\ \n \u0001 /'})
$number('1e3')
$number('0x10')
$number('0b11')
$number('0o17')
$number(' 1')
$number('1.')
$number('.5')
$number('-1.5e-3')
$number('+1')
$number('')
$number('abc')
$number('1,5')
$number(true)
$number(null)
$number('Infinity')
$number('12345678901234567890')
$round(2.5)
$round(3.5)
$round(-2.5)
$round(0.5)
$round(1.005, 2)
$round(125, -1)
$round(135, -1)
$round(4.525, 2)
$round(1e20)
$floor(-0.5)
$ceil(-0.5)
$power(2, 0.5)
$power(-8, 1/3)
$power(0, -1)
$power(10, 400)
$sqrt(-1)
$sqrt(2)
$abs(-5)
$formatBase(255, 16)
$formatBase(-255, 2)
$formatBase(2.7, 2)
$formatBase(1, 99)
$formatBase(1, 1)
$formatNumber(1234.5, '#,###.00')
$formatNumber(-1234.5, '#,##0.0;(#,##0.0)')
$formatNumber(0.14, '01%')
$formatNumber(0.14, '#.##‰')
$formatNumber(12345.6789, '0.00e0')
$formatNumber(1234567, '#,##,##0')
$formatNumber(34.555, '#0.00;(#0.00)')
$formatNumber(1234.5, '#.##0,00', {'decimal-separator': ',', 'grouping-separator': '.'})
$formatNumber(0.05, '.00')
$formatNumber(5, '000')
$formatNumber(5, '###')
$formatNumber(0, '###')
$formatNumber(1.5, 'x')
$formatNumber(1.5, '')
$formatNumber(1.5, '0.0.0')
$formatNumber(1e15, '#,##0')
$formatNumber(0.5, '0')
$formatNumber(1.5, '0')
$formatNumber(2.5, '0')
$formatNumber(1.005, '0.00')
$formatNumber(-0, '0')
$formatInteger(1999, 'I')
$formatInteger(1999, 'i')
$formatInteger(28, 'A')
$formatInteger(28, 'a')
$formatInteger(12, 'w')
$formatInteger(12, 'W')
$formatInteger(12, 'Ww')
$formatInteger(21, 'w;o')
$formatInteger(3, '1;o')
$formatInteger(1234567, '#,##0')
$formatInteger(7, '001')
$formatInteger(2.7, '0')
$formatInteger(-7, 'w')
$formatInteger(1000000, 'w')
$formatInteger(1, '#')
$formatInteger(1, '٠')
$parseInteger('MCMXCIX', 'I')
$parseInteger('one thousand and one', 'w')
$parseInteger('twenty-first', 'w;o')
$parseInteger('1,234', '#,##0')
$parseInteger('ab', 'a')
$parseInteger('x', '0')
$toMillis('2026-11-28')
$toMillis('2026')
$toMillis('2026-11')
$toMillis('2026-11-28T09:30:15Z')
$toMillis('2026-11-28T09:30:15.123456Z')
$toMillis('2026-11-28T09:30:15+01:00')
$toMillis('2026-11-28T09:30:15+0100')
$toMillis('2026-11-28 09:30')
$toMillis('28.11.2026')
$toMillis('28.11.2026', '[D].[M].[Y]')
$toMillis('28 November 2026', '[D] [MNn] [Y]')
$toMillis('Nov 28 2026 3:05 PM', '[MNn,*-3] [D] [Y] [h]:[m01] [P]')
$toMillis('2026-332', '[Y]-[d]')
$toMillis('x', '[Y]')
$toMillis('2026-13-01', '[Y]-[M]-[D]')
$toMillis('12:30', '[H]:[m]') > 0
$toMillis('hello')
$fromMillis(0)
$fromMillis(1795858215250)
$fromMillis(-1)
$fromMillis(1795858215250, '[D01].[M01].[Y0001] [H01]:[m01]:[s01].[f001]')
$fromMillis(1795858215250, '[FNn], [D1o] [MNn] [Y]')
$fromMillis(1795858215250, '[F,*-2] [MN,*-3] [D#1] [Y,2-2]')
$fromMillis(1795858215250, '[h]:[m01] [P] [Z]')
$fromMillis(1795858215250, '[h]:[m01] [PN] [z]', '+0530')
$fromMillis(1795858215250, '[W] [w] [d] [X]')
$fromMillis(1795858215250, '[YI] [Dwo] [MWw]')
$fromMillis(1795858215250, '[[literal]] [Y]')
$fromMillis(1795858215250, '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01][Z0101t]')
$fromMillis(1795858215250, '[E] [C]')
$fromMillis(1795858215250, '[Q]')
$fromMillis(1795858215250, '[Y')
$fromMillis(1795858215250, '[H01]', '-0800')
$fromMillis(1795858215250, '[H01]', 'Europe/Zurich')
$fromMillis(1795858215250, '')
$fromMillis(1795858215250.75)
$fromMillis(1e300)
$fromMillis($toMillis(p.day))
p.at ~> $toMillis ~> $fromMillis('[D01].[M01].[Y]')
$replace("2026-11-28",/(\d+)-(\d+)-(\d+)/,function($m){$m.groups[2]&"."&$m.groups[1]&"."&$m.groups[0]})
$replace(p.day, /(\d+)-(\d+)-(\d+)/, '$3.$2.$1')
$replace(p.day, /-/, '')
$replace(p.day, '-', '/', 1)
$replace(p.day, /-/, '/', 0)
$replace(p.day, /-/, '/', -1)
$replace(p.day, '', 'x')
$replace(p.day, /x*/, '-')
$replace('a.b', '.', '$')
$replace('abc', /b/, '$$')
$replace('abc', /b/, '$0$1')
$replace('abc', /(b)/, '[$1$2]')
$replace('abcdefghijkl', /(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)/, '$11-$1')
$replace('abc', /(b)/, '$12')
$replace('abc', /b/, function($m) { $m.match & $m.index & $m.start & $m.end })
$replace('abc', /b/, function($m) { 1 })
$replace('abc', /b/, function($m) { $uppercase($m.match) })
$replace('John Smith', /(\w+)\s(\w+)/, '$2, $1')
$replace('aXbX', /x/i, '-')
$replace('65in', /(\d+)in/, function($m) { $string($number($m.groups[0]) * 2.54) & 'cm' })
$match('ab12cd3', /[a-z]*(\d+)/)
$match('ab12cd3', /[a-z]*(\d+)/).groups
$match('ab12cd3', /\d/, 1)
$match('ab', /x/)
$match('a\nb', /^b/m).match
$match('aAa', /a/i).index
$match('2026', /(\d)(x)?/).groups
$match('a😀b', /./).match
$match('a😀b', /b/).index
$match('ü', /\w/)
$match('ab', /(?=b)/)
$match('ab', /a|b/)[1].match
$match('ab', 'a')
$match('aaa', /a{2}/).match
$match('foobar', /foo(?!baz)/).match
$match('foobar', /(?<=foo)bar/).match
$match('2026-11', /(?<y>\d+)-(?<m>\d+)/).groups
$match('a1', /\p{L}/)
$match('٣', /\d/)
$match('x', /[/)
$match('x', /(/)
$match('a b', /\s/).index
$contains('abc', /B/i)
$contains('abc', /^b/)
$contains('abc', '')
$contains('a.c', '.')
$split('a1b2c', /\d/)
$split('a1b2c', /(\d)/)
$split('abc', '')
$split('', ',')
$split('a,b,', ',')
$split('a, b', /,\s*/, 1)
$split('a,b', ',', 0)
$split('a,b', ',', -1)
$split('a😀b', '')
$split('a  b', ' ')
$join(['a', 'b'])
$join('a')
$join([])
$join(['a', 1])
$join($split('a b', ' '), '')
$length('')
$length('😀')
$length('é')
$length(1)
$substring('hello', 3)
$substring('hello', -3)
$substring('hello', -3, 2)
$substring('hello', 1, 0)
$substring('hello', 1, -1)
$substring('hello', 9)
$substring('hello', -9, 2)
$substring('hello', 1.5, 2)
$substring('a😀b', 1, 1)
$substring('a😀b', 2)
$substringBefore('hello', '')
$substringBefore('hello', 'x')
$substringAfter('hello', 'l')
$substringAfter('hello', '')
$substringAfter('hello', 'x')
$uppercase('straße')
$uppercase('ŉ')
$lowercase('İ')
$lowercase('ΑΣ')
$trim('\t a \n b ')
$trim('\u00a0a')
$trim('')
$pad('a', 5)
$pad('a', -5)
$pad('a', 5, '12')
$pad('a', -5, '12')
$pad('a', 0)
$pad('a', 3, '')
$pad('😀', 3, '😀')
$encodeUrlComponent('?x=a b&ü')
$encodeUrl('https://a.example/ü?x=a b')
$encodeUrlComponent("!'()*~")
$decodeUrlComponent('%3Fx%3Dtest')
$decodeUrlComponent('%')
$decodeUrl('a%2Fb')
$base64encode('hello')
$base64decode('aGVsbG8=')
$assert(1 = 1, 'no')
$assert(1 = 2, 'no')
$assert(1 = 2)
$error('said')
$error()
$nope(1)
$substring()
$sum(1, 2, 3)
p.nope(1)
'a'(1)
(1)(2)
function($x) { $x }
[function($x) { $x }]
{'f': $sum}
$sum
/a/
/a/('bab')
/a/('bab').next
function($x) { $x }(5)
(function($x) { $x + 1 })(5)
$map(p.numbers, $sum)[0]
p.rows.n ~> $join(',')
p.rows[t].n
p.rows[$exists(t)].n
p.rows[$count(t) > 1].n
$count(p.rows.t)
$sum(p.rows.p)
$sum(p.rows.(p * 2))
$sum(p.rows[n = 'zzz'].p)
p.rows.{'n': n, 'm': missing}
p.rows.(n = 'a' ? p : 'no')
p.rows.n[0]
p.rows[0].n[0]
(p.rows.n)[0]
p.client.('<' & email & '>')
p.client.tags.($ & '!')
p.client.tags[1]
p.client[name = 'Jörg'].email
p.client[0].email
p.client[1].email
p.client[-1].email
p.nested.$count($)
p.nested[1]
p.nested[2]
p.nested.$
p.nested[][0]
[p.nested]
p.object.*
p.object.**
p.object.a.c[1]
$.event.payload.count
$$.event.payload.rows^(<p)[0].n
event.payload[count = 3].word
/* a comment */ p.count
p.count /* after */ + 1
p.rows@$a.$$.event.payload.rows@$b[$a.p < $b.p].($a.n & $b.n)
p.rows#$i.($i & n)
p.rows[p = 1]#$i.($i & n)
p.numbers#$i[$i > 1]
p.rows.t#$i.($i & $)
p.rows.{n: t}
$merge(p.rows.{n: p})
$merge(p.rows.{n: t})
p.rows{n: t[0]}
p.rows{p > 1 ? 'much' : 'little': n}
p.rows.p{'k': $}
p{'a': count, 'b': word}
{'a': 1, 'a': 2}
{p.word: 1}
{p.count: 1}
{p.missing: 1}
{'x': p.rows.n, 'y': p.one.n, 'z': p.none, 'q': p.missing}
[p.rows.n, p.one.n]
[p.one]
[p.one.n]
p.rows.n & p.one.n
p.one.n = 'only'
p.rows.n = 'a'
'a' in p.rows.n
'only' in p.one.n
p.rows.p > 1
p.one.p > 1
p.one.p + 1
p.rows.p + 1
p.none + 1
p.none & 'x'
[] & 'x'
[] = []
p.missing > 1
'a' > p.missing
p.yes > 1
p.nothing > 1
null > 1
'b' > 'a'
'ä' > 'z'
'Z' < 'a'
'😀' > 'ﬀ'
p.missing and true
true and 'a'
null or []
p.none or p.empty
1 and 0
$now() ~> $length
$millis() > 0
$type($random())
$count($shuffle([1, 2, 3]))
$eval('1 + 1')
$clone({'a': 1})
1 +
(
'abc
p..x
p.[
{'a'}
{'a': }
$map(p.numbers, function($x) { )
function(x) { 1 }
a b
1 2
@
p.rows@r
p.rows^
p.rows#i
p ~> |x|
"\x"
"\u12"
'a' ~> 'b'
1 ~> $string
p.count := 1
$x := 1
($x := 1) + $x
%
%.%
p.%.name
p.count.%.%.name
**.city
*
*.name
"""


#: Writes the answer to each expression as one line: {"value": …}, {} for undefined, {"error": its code}, or {"no": what
#: cannot be written as JSON}.
_ASK = """
const [library, asked] = process.argv.slice(1);
const jsonata = require(library);
const {context, expressions} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const odd = (v) => typeof v === "function" || (v && (v._jsonata_lambda || v._jsonata_function)) ? "function"
  : typeof v === "number" && !Number.isFinite(v) ? "number"
  : v && typeof v === "object" ? Object.values(v).map(odd).find(Boolean) : undefined;
(async () => {
  const answers = [];
  for (const expression of expressions) {
    try {
      const value = await jsonata(expression).evaluate(JSON.parse(context));
      answers.push(odd(value) ? {no: odd(value)} : value === undefined ? {} : {value});
    } catch (error) {
      answers.push({error: error.code || "other"});
    }
  }
  console.log(JSON.stringify(answers));
})();
"""


def expressions() -> list[str]:
    """Every expression of the table."""
    return list(dict.fromkeys([*_generated(), *_PATHS.split("|"), *_PROGRAMS.strip().splitlines()]))


def ask(library: str) -> list[dict[str, Any]]:
    """The reference's answer to each of them."""
    given = json.dumps({"context": json.dumps(CONTEXT), "expressions": expressions()})
    answered = subprocess.run(["node", "-e", _ASK, library], input=given, capture_output=True, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(answered.stdout)
    return answers


def recorded() -> list[dict[str, Any]]:
    """The recorded table: {"expression": …} and the answer to it."""
    rows: list[dict[str, Any]] = json.loads(RECORDED.read_text())
    return rows


def _generated() -> Iterator[str]:
    for operator in _OPERATORS:
        for left, right in product(_KINDS, _KINDS):
            if operator == "..":
                yield f"[{left}{operator}{right}]"
            else:
                yield f"{left} {operator} {right}"
    for name, right in _FUNCTIONS.items():
        yield f"${name}({', '.join(right)})"
        for length in range(len(right)):
            yield f"${name}({', '.join(right[:length])})"
        for place, other in product(range(len(right)), _ARGUMENTS):
            yield f"${name}({', '.join([*right[:place], other, *right[place + 1 :]])})"
        yield f"{right[0]}.${name}({', '.join(right[1:])})"
        yield f"${name}({', '.join(right)}, 1, 1, 1)"
        yield f"{right[0]} ~> ${name}({', '.join(right[1:])})"


if __name__ == "__main__":
    rows = [{"expression": one, **answer} for one, answer in zip(expressions(), ask(sys.argv[1]), strict=True)]
    lines = ",\n".join(json.dumps(row) for row in rows)
    RECORDED.write_text(f"[\n{lines}\n]\n")
    print(f"{len(rows)} answers")
