using System.Reflection;
using System.Runtime.CompilerServices;

namespace Functional.Tests.Snapshots.Api;

/// <summary>Types that can be seen from outside, and what is said of them.</summary>
static class ApiType
{
    const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>Whether others can name it. What the compiler makes of extension blocks has no name: their members are methods of the class around them, too.</summary>
    public static bool IsSeen(Type type) =>
        !type.Name.Contains('<', StringComparison.Ordinal)
        && (type.DeclaringType is { } outer ? IsSeen(outer) && (type.IsNestedPublic || ((type.IsNestedFamily || type.IsNestedFamORAssem) && !outer.IsSealed)) : type.IsPublic);

    /// <summary>Whether it is a record, whose members the compiler completes.</summary>
    public static bool IsRecord(Type type) => type.GetMethod("<Clone>$", All) is not null
        || (type.IsValueType && type.GetMethod("PrintMembers", All)?.IsDefined(typeof(CompilerGeneratedAttribute)) == true);

    /// <summary>Its kind, name, constraints, and what it is derived from.</summary>
    public static string Header(Type type)
    {
        if (typeof(Delegate).IsAssignableFrom(type))
            return $"{Attributes(type)}delegate {ApiMember.Method(type.GetMethod("Invoke")!, TypeText.Full(type))}{Constraints(type)}";
        var from = string.Join(", ", Bases(type));
        return $"{Attributes(type)}{Kind(type)} {TypeText.Full(type)}{(from.Length > 0 ? " : " + from : "")}{Constraints(type)}";
    }

    static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : type.IsInterface ? "interface"
        : type.IsValueType
            ? $"{(type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "")}{(type.IsByRefLike ? "ref " : "")}{(IsRecord(type) ? "record " : "")}struct"
        : $"{(type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "")}{(IsRecord(type) ? "record" : "class")}";

    /// <summary>Attributes that change what a caller may write.</summary>
    public static string Attributes(MemberInfo member) =>
        (member.GetCustomAttribute<ObsoleteAttribute>() is { } old && !IsRefStructs(old)
            ? $"[Obsolete({ApiMember.Literal(old.Message)}{(old.IsError ? ", true" : "")})] " : "")
        + (member is Type type && type.IsDefined(typeof(FlagsAttribute)) ? "[Flags] " : "");

    // How older compilers are kept from ref structs and required members.
    static bool IsRefStructs(ObsoleteAttribute old) => old.Message?.Contains("not supported in this version of your compiler", StringComparison.Ordinal) == true;

    static IEnumerable<string> Bases(Type type)
    {
        if (type.IsEnum) return Enum.GetUnderlyingType(type) == typeof(int) ? [] : [TypeText.Of(Enum.GetUnderlyingType(type))];
        var above = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? [TypeText.Of(parent)] : Array.Empty<string>();
        // What a base or another interface brings is said there.
        var brought = (type.BaseType?.GetInterfaces() ?? []).Concat(type.GetInterfaces().SelectMany(static i => i.GetInterfaces())).ToHashSet();
        var own = IsRecord(type) ? typeof(IEquatable<>).MakeGenericType(type) : null;
        return above.Concat(
            type.GetInterfaces().Where(i => i.IsVisible && i != own && !brought.Contains(i)).Select(static i => TypeText.Of(i)).Order(StringComparer.Ordinal));
    }

    /// <summary>What the parameters of a type or a method must be.</summary>
    public static string Constraints(MemberInfo member) => string.Concat(
        from parameter in member is Type type
            ? type.GetGenericArguments().Skip(type.DeclaringType?.GetGenericArguments().Length ?? 0)
            : ((MethodInfo)member).GetGenericArguments()
        let text = string.Join(", ", Constraint(parameter))
        where text.Length > 0
        select $" where {parameter.Name} : {text}");

    static IEnumerable<string> Constraint(Type parameter)
    {
        var flags = parameter.GenericParameterAttributes;
        var isStruct = flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        var isUnmanaged = parameter.IsDefined(typeof(IsUnmanagedAttribute));
        var nullable = TypeText.Nullability(parameter);
        if (flags.HasFlag(GenericParameterAttributes.Covariant)) yield return "out";
        if (flags.HasFlag(GenericParameterAttributes.Contravariant)) yield return "in";
        if (isUnmanaged) yield return "unmanaged";
        else if (isStruct) yield return "struct";
        else if (flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint)) yield return nullable == 2 ? "class?" : "class";
        else if (nullable == 1 && parameter.GetGenericParameterConstraints().Length == 0) yield return "notnull";
        foreach (var type in parameter.GetGenericParameterConstraints().Where(static t => t != typeof(ValueType)).Select(TypeText.Of).Order(StringComparer.Ordinal))
            yield return type;
        if (!isStruct && flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint)) yield return "new()";
        if (flags.HasFlag(GenericParameterAttributes.AllowByRefLike)) yield return "allows ref struct";
    }
}
