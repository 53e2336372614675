using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;

namespace Functional.Tests.Properties.Architecture;

/// <summary>
/// Finds what a pure assembly may not do, in its references, its instructions and its static fields. What is not
/// listed as allowed is forbidden, so that a new dependency is a decision.
/// </summary>
static partial class Purity
{
    const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    static readonly string[] AllowedAssemblies =
    [
        "Functional.Core.Pure", "LanguageExt.Core", "netstandard", "System.Runtime", "System.Collections", "System.Collections.Immutable",
        "System.Linq", "System.Memory", "System.Runtime.InteropServices", "System.Runtime.Intrinsics",
        "System.Runtime.Numerics", "System.Text.Json", "System.Text.Encodings.Web", "System.Text.RegularExpressions",
    ];

    static readonly string[] AllowedNamespaces =
    [
        "System", "System.Collections", "System.Collections.Generic", "System.Collections.Frozen",
        "System.Collections.Immutable", "System.Collections.ObjectModel", "System.Linq", "System.Text",
        "System.Text.Json", "System.Text.Json.Nodes", "System.Text.Encodings.Web", "System.Text.Unicode",
        "System.Text.RegularExpressions", "System.Globalization", "System.Numerics", "System.Buffers",
        "System.Buffers.Binary", "System.Runtime.CompilerServices", "System.Runtime.Intrinsics",
        "LanguageExt", "LanguageExt.TypeClasses", "LanguageExt.ClassInstances",
    ];

    // Outside those namespaces: names of types, views of memory, exceptions, and streams that live in memory only.
    // ListExtensions is LanguageExt's, and has no namespace.
    static readonly string[] AllowedTypes =
    [
        "System.Reflection.MemberInfo", ".ListExtensions",
        "System.Runtime.InteropServices.MemoryMarshal", "System.Runtime.InteropServices.CollectionsMarshal",
        "System.Runtime.InteropServices.ImmutableCollectionsMarshal", "System.Diagnostics.UnreachableException",
        "System.IO.InvalidDataException", "System.IO.MemoryStream", "System.IO.StringReader", "System.IO.StringWriter",
    ];

    // Inside them: the world, its clock, its chances and its mutable cells.
    [GeneratedRegex(@"^(System\.(Console|Environment|Random|AppContext|AppDomain|GC|TimeProvider|TimeZoneInfo|Activator|WeakReference(`1)?)\.
        |System\.DateTime(Offset)?\.(get_Now|get_UtcNow|get_Today)$
        |System\.Guid\.(NewGuid|CreateVersion7)$
        |LanguageExt\.(Atom|Ref|STM|AtomHashMap)(`\d)?\.
        |LanguageExt\.Prelude\.(random|Atom|Ref|atomic|use|memo|memoUnsafe|Try(Async)?)$)", RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Forbidden();

    // What the compiler itself writes: iterators ask for their thread, events swap their delegates.
    static readonly string[] WrittenByTheCompiler =
    [
        "System.Environment.get_CurrentManagedThreadId", "System.Threading.Interlocked.CompareExchange",
    ];

    /// <summary>Referenced assemblies that are not allowed.</summary>
    public static IEnumerable<string> References(Assembly assembly) =>
        from name in assembly.GetReferencedAssemblies()
        where !AllowedAssemblies.Contains(name.Name)
        select $"{assembly.GetName().Name} references {name.Name}";

    /// <summary>Forbidden members that the types' code names, native calls, and static state.</summary>
    public static IEnumerable<string> Code(IEnumerable<Type> types) => types.SelectMany(type =>
        type.GetMembers(Declared).OfType<MethodBase>().SelectMany(Calls).Concat(type.GetFields(Declared).SelectMany(State)));

    static IEnumerable<string> Calls(MethodBase method)
    {
        if (method.Attributes.HasFlag(MethodAttributes.PinvokeImpl)) yield return $"{Name(method)} is a native call";
        foreach (var (code, member) in Instructions.Of(method).Distinct())
        {
            if (code == OpCodes.Calli) yield return $"{Name(method)} calls through a pointer";
            if (member is not null && !IsAllowed(member, method)) yield return $"{Name(method)} names {Name(member)}";
        }
    }

    static bool IsAllowed(MemberInfo member, MethodBase user)
    {
        var type = member as Type ?? member.DeclaringType!;
        while (type.HasElementType) type = type.GetElementType()!;
        if (type.IsGenericParameter || type.Assembly == user.Module.Assembly || type.Assembly == typeof(Fault).Assembly) return true;
        var name = Name(member);
        if (WrittenByTheCompiler.Contains(name)) return IsGenerated(user);
        return AllowedTypes.Contains(TypeName(type))
            || (AllowedNamespaces.Contains(type.Namespace) && !Forbidden().IsMatch(member is Type ? name + "." : name));
    }

    static IEnumerable<string> State(FieldInfo field)
    {
        if (!field.IsStatic || field.IsLiteral || field.DeclaringType!.Name.StartsWith('<')) yield break;
        if (!field.IsInitOnly) yield return $"{Name(field)} can be assigned";
        if (!Immutability.Holds(field.FieldType, field.DeclaringType.Assembly) && !(field.IsPrivate && field.FieldType.IsArray))
            yield return $"{Name(field)} holds a {field.FieldType.Name}, which can change";
        if (field.IsDefined(typeof(ThreadStaticAttribute))) yield return $"{Name(field)} differs between threads";
    }

    // A name with '<' is no name that a programmer can write.
    static bool IsGenerated(MethodBase method) =>
        method.DeclaringType!.Name.Contains('<') || method.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute));

    static string Name(MemberInfo member) => member is Type type ? TypeName(type) : $"{TypeName(member.DeclaringType!)}.{member.Name}";

    static string TypeName(Type type) =>
        type.DeclaringType is { } outer ? $"{TypeName(outer)}+{type.Name}" : $"{type.Namespace}.{type.Name}";
}
