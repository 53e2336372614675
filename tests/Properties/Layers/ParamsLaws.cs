using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>The ordered map of named values.</summary>
public sealed class ParamsLaws
{
    static Params<int> Make(byte[] bytes) => bytes.Distinct().Select(static b => ($"p.{b}", (int)b)).ToParams();

    [Property]
    public void Order_and_names_are_kept(byte[] bytes)
    {
        var map = Make(bytes);
        Assert.Equal(bytes.Distinct().Select(static b => $"p.{b}"), map.Names);
        Assert.Equal(map, map.Map(static v => v));
        Assert.Equal(map.Map(static v => 3 * (v + 1)), map.Map(static v => v + 1).Map(static v => 3 * v));
        Assert.Equal(map.Map(static v => 2 * v), map.Zip(map, static (a, b) => a + b));
        Assert.Equal(map.Values.Sum(), map.Fold(0, static (s, v) => s + v));
        Assert.Equal(map, map.Filter(static (_, v) => v % 2 == 0).Count == 0 ? map : map.Replace(map.Filter(static (_, v) => v % 2 == 0)));
        Assert.Equal(map, Make(bytes));
        Assert.Equal(map.GetHashCode(), Make(bytes).GetHashCode());
        Assert.True(map.Count < 2 || !map.Equals(map.Reverse().ToParams()));
    }

    [Property]
    public void Zip_goes_by_name_not_by_place(byte[] bytes)
    {
        var map = Make(bytes);
        Assert.Equal(map.Map(static _ => 0), map.Zip(map.Reverse().ToParams(), static (a, b) => a - b));
    }

    [Property]
    public void Replacing_changes_one_value(NonEmptyArray<byte> bytes, byte which)
    {
        var map = Make(bytes.Get);
        var name = map.Names[which % map.Count];
        var changed = map.Replace(name, -1);
        Assert.Equal(-1, changed[name]);
        Assert.Equal(map.Filter((n, _) => n != name), changed.Filter((n, _) => n != name));
        Assert.Equal(map.Names, changed.Names);
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        var map = Params.Of(("a", 1), ("b", 2));
        Assert.Contains("'c'", Assert.Throws<ArgumentException>(() => map["c"]).Message, StringComparison.Ordinal);
        Assert.Contains("'c'", Assert.Throws<ArgumentException>(() => map.Replace("c", 1)).Message, StringComparison.Ordinal);
        Assert.Contains("'c'", Assert.Throws<ArgumentException>(() => map.Replace(Params.Of(("c", 1)))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => map.Zip(Params.Of(("a", 1), ("c", 2)), static (a, b) => a + b));
        Assert.Throws<ArgumentException>(() => map.Zip(Params.Of(("a", 1)), static (a, b) => a + b));
        Assert.Contains("'a'", Assert.Throws<ArgumentException>(() => map.Concat(Params.Of(("a", 3)))).Message, StringComparison.Ordinal);
        Assert.Equal(["b"], Params.Of(("a.x", 1), ("b", 2)).Filter(static (n, _) => n == "b").Names);
        Assert.Equal(["a.x"], Params.Of(("a.x", 1), ("ab", 2)).Under("a.").Names);
    }
}
