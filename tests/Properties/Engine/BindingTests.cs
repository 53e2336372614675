namespace Functional.Tests.Properties.Engine;

/// <summary>What programs are connected to, on every engine: what does not fit is refused in words, and a binding gives back what is its own.</summary>
public sealed class BindingTests
{
    public static TheoryData<string> Engines => EngineList.Names;

    // The output y goes into x's buffer; z is the binding's own unless somebody gives it one.
    static readonly (Tensor X, Tensor W) input = (Create.Input("x", [3]), Create.Input("w", [3]));
    static readonly Program program = Program.Of([new("y", input.X + input.W), new("z", input.X * 2)], [new("x", "y")]);

    [Theory]
    [MemberData(nameof(Engines))]
    public void Outputs_lie_in_donated_given_and_own_buffers(string name)
    {
        using var engine = EngineList.All[name]();
        using var executable = engine.Compile(program);
        using IBuffer x = engine.Allocate(new([3])), w = engine.Allocate(new([3])), z = engine.Allocate(new([3]));
        var before = engine.Memory.Buffers;
        using (var binding = executable.Bind(Given(x, w)))
        {
            Assert.Equal(before + 12, engine.Memory.Buffers);
            Assert.Equal((x, x, w), (binding["x"], binding["y"], binding["w"]));
            x.Write<float>([1, 2, 3]);
            w.Write<float>([10, 20, 30]);
            binding.Run();
            Assert.Equal([11, 22, 33], x.ToArray<float>());
            Assert.Equal([2, 4, 6], binding["z"].ToArray<float>());
            Assert.Equal("'v' is neither an input nor an output of the program.", Assert.Throws<ArgumentException>(() => binding["v"]).Message);
        }
        Assert.Equal(before, engine.Memory.Buffers);
        using var given = executable.Bind(Given(x, w, ("z", z)));
        Assert.Same(z, given["z"]);
        Assert.Equal(before, engine.Memory.Buffers);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Buffers_that_do_not_fit_are_refused(string name)
    {
        using var engine = EngineList.All[name]();
        using var other = EngineList.All[name == "reference" ? "managed, 2 threads" : "reference"]();
        using var executable = engine.Compile(program);
        using IBuffer x = engine.Allocate(new([3])), w = engine.Allocate(new([3])), long4 = engine.Allocate(new([4])),
            whole = engine.Allocate(new([3], DType.I32)), foreign = other.Allocate(new([3]));
        var before = engine.Memory.Buffers;
        Assert.Equal("input 'w' f32[3] has no buffer.", Refusal(new Dictionary<string, IBuffer> { ["x"] = x }));
        Assert.Equal("'v' is neither an input nor an output of the program.", Refusal(Given(x, w, ("v", w))));
        Assert.Equal("'w' is f32[3], but its buffer is f32[4].", Refusal(Given(x, long4)));
        Assert.Equal("'z' is f32[3], but its buffer is i32[3].", Refusal(Given(x, w, ("z", whole))));
        Assert.Equal("the buffer of 'z' is another engine's.", Refusal(Given(x, w, ("z", foreign))));
        Assert.Equal("the buffer of 'x' is another engine's.", Refusal(Given(foreign, w)));
        Assert.Equal(before, engine.Memory.Buffers);

        string Refusal(Dictionary<string, IBuffer> given) => Assert.Throws<ArgumentException>(() => executable.Bind(given)).Message;
    }

    /// <summary>What was made before a refusal is given back: here of y, before z is looked at.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_refusal_leaves_no_buffer_behind(string name)
    {
        using var engine = EngineList.All[name]();
        using var executable = engine.Compile(Program.Of([new("y", input.X + 1), new("z", input.X * 2)]));
        using IBuffer x = engine.Allocate(new([3])), small = engine.Allocate(new([2]));
        var before = engine.Memory.Buffers;
        Assert.Throws<ArgumentException>(() => executable.Bind(new Dictionary<string, IBuffer> { ["x"] = x, ["z"] = small }));
        Assert.Equal(before, engine.Memory.Buffers);
    }

    static Dictionary<string, IBuffer> Given(IBuffer x, IBuffer w, params (string Name, IBuffer Buffer)[] more)
    {
        var given = new Dictionary<string, IBuffer> { ["x"] = x, ["w"] = w };
        foreach (var (name, buffer) in more) given[name] = buffer;
        return given;
    }
}
