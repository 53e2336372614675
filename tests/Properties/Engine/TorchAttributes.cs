using System.Runtime.CompilerServices;

namespace Functional.Tests.Properties;

/// <summary>A fact about the torch engine: skipped, not failed, where libtorch does not load.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class TorchFactAttribute : FactAttribute
{
    public TorchFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line) =>
        (Skip, SkipType, SkipUnless) = (EngineList.NoTorch, typeof(EngineList), nameof(EngineList.HasTorch));
}

/// <summary>A theory about the torch engine: skipped, not failed, where libtorch does not load.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class TorchTheoryAttribute : TheoryAttribute
{
    public TorchTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line) =>
        (Skip, SkipType, SkipUnless) = (EngineList.NoTorch, typeof(EngineList), nameof(EngineList.HasTorch));
}

/// <summary>A property of the torch engine: skipped, not failed, where libtorch does not load.</summary>
[AttributeUsage(AttributeTargets.Method)]
#pragma warning disable xUnit3003 // FsCheck's attribute takes no place in a source.
sealed class TorchPropertyAttribute : PropertyAttribute
{
    public TorchPropertyAttribute([CallerFilePath] string file = "", [CallerMemberName] string member = "") : base(file, member) =>
        (Skip, SkipType, SkipUnless) = (EngineList.NoTorch, typeof(EngineList), nameof(EngineList.HasTorch));
}
#pragma warning restore xUnit3003
