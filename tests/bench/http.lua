-- SPDX-License-Identifier: GPL-3.0-or-later
-- For wrk: asks for each chunk of the list in turn.
local names = {}
local i = 0

function init(args)
    for line in io.lines(args[1]) do
        names[#names + 1] = line
    end
    i = math.random(#names)
end

function request()
    i = i % #names + 1
    return wrk.format("GET", "/v1/chunks/" .. names[i])
end
