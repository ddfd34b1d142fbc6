-- expect: harmless
-- must not: be refused: Lua 5.4 has goto
for i = 1, 3 do if i == 2 then goto continue end ::continue:: end return "fine"
