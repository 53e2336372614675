using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines;

/// <summary>
/// The named buffers of an engine, and programs on them: each program is bound to those that it names, so that what one writes another reads. Owns what it
/// made, not what it was lent.
/// </summary>
public sealed class Workspace : IDisposable
{
    readonly List<(string Name, IBuffer Buffer)> buffers = [];
    readonly Dictionary<string, IBuffer> byName = new(StringComparer.Ordinal);
    readonly List<IBuffer> own = [];
    readonly List<BoundProgram> programs = [];
    readonly Workspace? outer;

    /// <summary>A workspace with zeros of these types.</summary>
    /// <param name="engine">Where its buffers are.</param>
    /// <param name="types">What it begins with; nothing for no buffers.</param>
    public Workspace(IEngine engine, Params<TensorType>? types = null)
    {
        Engine = engine;
        try
        {
            foreach (var (name, type) in types ?? Params<TensorType>.Empty) Add(name, type);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    Workspace(Workspace outer) : this(outer.Engine) => this.outer = outer;

    /// <summary>Where its buffers are.</summary>
    public IEngine Engine { get; }

    /// <summary>Its buffers, in the order in which they came.</summary>
    public Params<IBuffer> Buffers => buffers.ToParams();

    /// <summary>Bytes of its own buffers, and of the work memory of its programs.</summary>
    public long Bytes => own.Sum(static b => b.Type.Bytes) + programs.Sum(static p => p.WorkspaceBytes);

    /// <summary>A buffer by its name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public IBuffer this[string name] => Find(name) ?? throw new KeyNotFoundException($"no buffer is called '{name}'.");

    /// <summary>The buffers whose names begin with <paramref name="prefix"/>, by the rest of their names.</summary>
    public Params<IBuffer> Under(string prefix) =>
        buffers.Where(b => b.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(b => (b.Name[prefix.Length..], b.Buffer)).ToParams();

    /// <summary>A workspace whose programs see this one's buffers, too, and before them its own.</summary>
    public Workspace Within() => new(this);

    /// <summary>Adds a buffer of zeros.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public IBuffer Add(string name, TensorType type)
    {
        var buffer = Engine.Allocate(type);
        own.Add(buffer);
        Alias(name, buffer);
        return buffer;
    }

    /// <summary>Adds buffers of zeros.</summary>
    public void Add(Params<TensorType> types)
    {
        foreach (var (name, type) in types) Add(name, type);
    }

    /// <summary>Adds a buffer that is somebody else's, or has another name already: programs that name either then share it.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public void Alias(string name, IBuffer buffer)
    {
        byName.Add(name, buffer);
        buffers.Add((name, buffer));
    }

    /// <summary>Adds buffers that are somebody else's.</summary>
    public void Alias(Params<IBuffer> lent)
    {
        foreach (var (name, buffer) in lent) Alias(name, buffer);
    }

    /// <summary>Compiles a program and binds it. What it names and the workspace has not, its outputs alone, is its own.</summary>
    /// <exception cref="ArgumentException">One of its inputs has no buffer, or a buffer is of another type.</exception>
    public BoundProgram Bind(Program program)
    {
        var named = program.Inputs.Concat(program.Outputs).Select(static n => n.Name).Distinct().Select(name => (Name: name, Buffer: Find(name)))
            .Where(static n => n.Buffer is not null).ToDictionary(static n => n.Name, static n => n.Buffer!, StringComparer.Ordinal);
        programs.Add(new(Engine.Compile(program), named));
        return programs[^1];
    }

    /// <summary>Gives back its programs and its own buffers.</summary>
    public void Dispose()
    {
        foreach (var program in programs) program.Dispose();
        foreach (var buffer in own) buffer.Dispose();
        programs.Clear();
        own.Clear();
    }

    IBuffer? Find(string name) => byName.TryGetValue(name, out var buffer) ? buffer : outer?.Find(name);
}

/// <summary>A program on the buffers of a workspace, which owns it.</summary>
public sealed class BoundProgram : IDisposable
{
    readonly IExecutable executable;
    readonly IBinding binding;

    internal BoundProgram(IExecutable executable, IReadOnlyDictionary<string, IBuffer> buffers)
    {
        this.executable = executable;
        try
        {
            binding = executable.Bind(buffers);
        }
        catch
        {
            executable.Dispose();
            throw;
        }
    }

    /// <summary>An output's buffer; else an input's.</summary>
    public IBuffer this[string name] => binding[name];

    /// <summary>Bytes that it needs while it runs.</summary>
    public long WorkspaceBytes => executable.WorkspaceBytes;

    /// <summary>Computes the outputs from the inputs as they are.</summary>
    public void Run() => binding.Run();

    /// <inheritdoc/>
    public void Dispose()
    {
        binding.Dispose();
        executable.Dispose();
    }
}
