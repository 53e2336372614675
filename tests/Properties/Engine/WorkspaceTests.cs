namespace Functional.Tests.Properties.Engine;

/// <summary>Programs on named buffers: what one writes another reads, and whatever fails leaves nothing behind.</summary>
public sealed class WorkspaceTests
{
    static readonly TensorType pair = new([2]);

    static Program Sum => Program.Of([new("total", Create.Input("a", [2]) + Create.Input("b", [2]))]);

    // b ← b · 2, in place.
    static Program Doubled => Program.Of([new("b", Create.Input("b", [2]) * 2)], [new("b", "b")]);

    [Fact]
    public void Programs_share_what_they_name()
    {
        using var engine = new ReferenceEngine();
        using var workspace = new Workspace(engine, Params.Of(("a", pair), ("b", pair)));
        workspace["a"].Write<float>([1, 2]);
        workspace["b"].Write<float>([10, 20]);
        var (sum, doubled) = (workspace.Bind(Sum), workspace.Bind(Doubled));
        doubled.Run();
        sum.Run();
        Assert.Equal([21, 42], sum["total"].ToArray<float>());
        Assert.Same(workspace["b"], doubled["b"]);
        Assert.Equal(2 * pair.Bytes + sum.WorkspaceBytes + doubled.WorkspaceBytes, workspace.Bytes);
    }

    [Fact]
    public void A_name_may_stand_for_a_buffer_of_another_name()
    {
        using var engine = new ReferenceEngine();
        using var owner = new Workspace(engine, Params.Of(("x", pair)));
        using (var workspace = new Workspace(engine))
        {
            workspace.Alias("a", owner["x"]);
            workspace.Alias("b", owner["x"]);
            owner["x"].Write<float>([3, 4]);
            var sum = workspace.Bind(Sum);
            sum.Run();
            Assert.Equal([6, 8], sum["total"].ToArray<float>());
            Assert.Equal(0, workspace.Bytes - sum.WorkspaceBytes);
        }
        // It was lent, and is still there.
        Assert.Equal([3, 4], owner["x"].ToArray<float>());
        Assert.Throws<ArgumentException>(() => owner.Alias("x", owner["x"]));
        Assert.Equal("no buffer is called 'y'.", Assert.Throws<KeyNotFoundException>(() => owner["y"]).Message);
    }

    [Fact]
    public void A_workspace_within_another_sees_its_own_first()
    {
        using var engine = new ReferenceEngine();
        using var outer = new Workspace(engine, Params.Of(("a", pair), ("b", pair)));
        outer["a"].Write<float>([1, 1]);
        outer["b"].Write<float>([2, 2]);
        using var inner = outer.Within();
        inner.Add("b", pair).Write<float>([5, 5]);
        var (within, without) = (inner.Bind(Sum), outer.Bind(Sum));
        within.Run();
        without.Run();
        Assert.Equal([6, 6], within["total"].ToArray<float>());
        Assert.Equal([3, 3], without["total"].ToArray<float>());
        Assert.Equal(["b"], inner.Buffers.Names);
    }

    [Fact]
    public void Buffers_of_a_kind_are_found_by_how_their_names_begin_in_order()
    {
        using var engine = new ReferenceEngine();
        using var workspace = new Workspace(engine, Params.Of(("p/z", pair), ("q/a", pair), ("p/b", pair)));
        Assert.Equal(["z", "b"], workspace.Under("p/").Names);
        Assert.Same(workspace["p/b"], workspace.Under("p/")["b"]);
    }

    [Fact]
    public void Whatever_cannot_be_bound_leaves_nothing_behind()
    {
        using var engine = new ManagedEngine(1);
        var before = engine.Memory.Buffers;
        using (var workspace = new Workspace(engine, Params.Of(("a", pair))))
        {
            Assert.Equal("input 'b' f32[2] has no buffer.", Assert.Throws<ArgumentException>(() => workspace.Bind(Sum)).Message);
            workspace.Add("b", new([3]));
            Assert.Throws<ArgumentException>(() => workspace.Bind(Sum));
            Assert.Equal(pair.Bytes + 12, engine.Memory.Buffers - before);
        }
        Assert.Equal(before, engine.Memory.Buffers);
    }
}
