using Functional.Base;

namespace Functional.Weights;

/// <summary>The names that a pickle of tensors may use, and what stands for them here.</summary>
static class PickleGlobals
{
    static readonly (string Name, string Type)[] storages =
    [
        ("FloatStorage", "F32"), ("HalfStorage", "F16"), ("BFloat16Storage", "BF16"), ("DoubleStorage", "F64"), ("LongStorage", "I64"), ("IntStorage", "I32"),
        ("ShortStorage", "I16"), ("CharStorage", "I8"), ("ByteStorage", "U8"), ("BoolStorage", "BOOL"),
    ];

    static readonly string[] functions =
    [
        "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor", "torch._utils._rebuild_parameter", "collections.OrderedDict", "torch.Size",
    ];

    /// <summary>A known name.</summary>
    /// <exception cref="PickleException">It is not known, whatever it does.</exception>
    public static Pickled.Global Of(string module, string name)
    {
        var full = $"{module}.{name}";
        return functions.Contains(full) || (module == "torch" && storages.Any(s => s.Name == name)) ? new(full)
            : throw new PickleException($"asks for {(full.Length > 100 ? full[..100] + "…" : full)}",
                $"allowed, as nothing is executed: {string.Join(", ", functions)}, torch.{string.Join(", torch.", storages.Select(static s => s.Name))}");
    }

    /// <summary>What <c>('storage', type, key, place, length)</c> stands for.</summary>
    /// <exception cref="PickleException">It is something else.</exception>
    public static Pickled Storage(Pickled id) =>
        id is Pickled.Items { Of: [Pickled.Text { Value: "storage" }, Pickled.Global type, Pickled.Text key, Pickled.Text,
            Pickled.Whole { Value: >= 0 } length, .. var more] }
            && System.Array.Find(storages, s => "torch." + s.Name == type.Name) is { Name: not null } storage
            // A part of another storage, as very old files have it, has its own offsets.
            && more is [] or [Pickled.Nothing]
            ? new Pickled.Storage(ElementType.Of(storage.Type)!, key.Value, length.Value)
            : throw new PickleException("holds a storage of another form than expected", "expected its type, key, place and length");

    /// <summary>What a call of a known name gives.</summary>
    /// <exception cref="PickleException">It is given something else than expected.</exception>
    public static Pickled Call(string name, List<Pickled> given) => (name, given) switch
    {
        ("collections.OrderedDict", []) => new Pickled.Entries([]),
        ("collections.OrderedDict", [Pickled.Items pairs]) when pairs.Of.All(static p => p is Pickled.Items { Of: [_, _] }) =>
            new Pickled.Entries([.. pairs.Of.Select(static p => (((Pickled.Items)p).Of[0], ((Pickled.Items)p).Of[1]))]),
        ("torch.Size", [Pickled.Items sizes]) => sizes,
        ("torch._utils._rebuild_parameter", [Pickled.Tensor tensor, ..]) => tensor,
        ("torch._utils._rebuild_tensor_v2" or "torch._utils._rebuild_tensor",
            [Pickled.Storage storage, Pickled.Whole { Value: >= 0 } offset, Pickled.Items shape, Pickled.Items strides, ..]) =>
            new Pickled.Tensor(storage, offset.Value, Numbers(shape), Numbers(strides)),
        _ => throw new PickleException($"calls {name} with something else than expected", "it is damaged, or holds more than tensors"),
    };

    static Vec<long> Numbers(Pickled.Items items) => items.Of.Count <= 64 && items.Of.All(static i => i is Pickled.Whole { Value: >= 0 })
        ? [.. items.Of.Select(static i => ((Pickled.Whole)i).Value)]
        : throw new PickleException("holds a shape of something else than numbers", "expected up to 64 whole numbers from 0 on");
}
