"""The nouns of Hearth as Structs, one file per resource.

A *noun* (`Channel`) is the stored form: ids are ints, times are epoch milliseconds. An *object*
(`ChannelObject`) is the form on the wire that Discord's API reference describes: ids are strings,
times ISO 8601. `channel_object(...)` makes the second from the first.
"""
