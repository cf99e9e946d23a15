/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Leader election in a ring (Dolev, Klawe, Rodeh): the usual measure of SPIN. Nodes with a little
 * state of their own, and ordered channels between them, as a mirrored cluster has; what they do
 * is far simpler than what ours do. */
#ifndef N
#define N 6
#endif
mtype = { one, two, winner };
chan q[N] = [12] of { mtype, byte };
byte leaders = 0;

proctype member(chan in, out; byte mine) {
    bit busy = 1, knows = 0;
    byte number, maximum = mine, neighbour;
    xr in;
    xs out;
    out!one(mine);
end:
    do
    :: in?one(number) ->
        if
        :: busy ->
            if
            :: number != maximum -> out!two(number); neighbour = number
            :: else -> knows = 1; out!winner, number
            fi
        :: else -> out!one(number)
        fi
    :: in?two(number) ->
        if
        :: busy ->
            if
            :: neighbour > number && neighbour > maximum -> maximum = neighbour; out!one(neighbour)
            :: else -> busy = 0
            fi
        :: else -> out!two(number)
        fi
    :: in?winner, number ->
        if
        :: number != mine
        :: else -> leaders++; assert(leaders == 1)
        fi;
        if
        :: knows
        :: else -> out!winner, number
        fi;
        break
    od
}

init {
    byte at = 1;
    atomic {
        do
        :: at <= N -> run member(q[at - 1], q[at % N], (N + 3 - at) % N + 1); at++
        :: at > N -> break
        od
    }
}
